"""The tries that did not end well, one line each with the relay's own words; numbers of errors lead here."""

from datetime import datetime, timedelta

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.errors import NotFound
from service.operators.models import Role
from service.ops import traffic, trouble
from service.ops.trouble import Key, Wanted
from service.web.admin import auth, words
from service.web.context import now, runtime

blueprint = Blueprint("console_trouble", __name__, url_prefix="/console/queue/errors")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)

PERIODS = {
    "recent": "in the last 5 minutes",
    "hour": "in the last hour",
    "day": "in the last 24 hours",
    "kept": "as long as mail is kept",
}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List what went wrong, newest first; the filters are in the address."""
    period, fate = request.args.get("period", "day"), request.args.get("fate") or None
    if period not in PERIODS or (fate is not None and fate not in traffic.FATES):
        raise NotFound("There is no such list; choose one of those above it.")
    wanted = Wanted(
        since=_since(period),
        code=request.args.get("code", type=int),
        domain=(request.args.get("domain") or "").strip().lower() or None,
        relay=request.args.get("relay") or None,
        fate=fate,
        mailing_id=request.args.get("mailing", type=int),
    )
    with runtime().sessions() as session:
        found = trouble.list_page(session, wanted, before=_key(request.args.get("before", "")))
    return render_template(
        "admin/queue_errors.html",
        found=found,
        wanted=wanted,
        period=period,
        periods=PERIODS,
        fates=traffic.FATES,
        phases=words.PHASES,
        chosen={name: value for name, value in request.args.items() if name != "before" and value},
        following=_following(found),
    )


def _since(period: str) -> datetime:
    if period == "day":
        return traffic.day_begin(now())
    spans = {"recent": traffic.RECENT, "hour": traffic.HOUR, "kept": timedelta(days=3650)}
    return now() - spans[period]


def _key(text: str) -> Key | None:
    at, _, rest = text.partition("_")
    numbers = rest.split("-")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        return None
    if instant.tzinfo is None or len(numbers) != 3 or not all(map(_is_number, numbers)):
        return None
    return instant, int(numbers[0]), int(numbers[1]), int(numbers[2])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _following(found: trouble.Page) -> str | None:
    if found.next is None:
        return None
    at, mailing_id, message_id, number = found.next
    chosen = {name: value for name, value in request.args.items() if name != "before"}
    before = f"{at.isoformat()}_{mailing_id}-{message_id}-{number}"
    return url_for(".index", **chosen, before=before)  # type: ignore[arg-type]  # Flask types its values one by one
