"""Readers: found by address, listed by state, and one by one with everything that happened."""

import base64
from datetime import date, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.errors import ConfigurationError, InvalidInput
from service.newsletters import queries as newsletters
from service.operators.models import Role
from service.operators.sealing import Sealer
from service.ops import reader_list
from service.ops.reader_list import Page, Wanted, Which
from service.subscribers import searching
from service.subscribers.choices import RHYTHMS
from service.web.admin import auth, reader_words, words
from service.web.admin.reader_view import reader_page
from service.web.context import now, runtime

blueprint = Blueprint("console_readers", __name__, url_prefix="/console/readers")
#: Looking for somebody changes nothing, but an address must not stand in a web address: it is posted.
auth.protect(blueprint, change=Role.VIEWER)
words.install(blueprint)
blueprint.context_processor(reader_words.context)

SHOWN = 50
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List readers, the newest first; or those that a search has found."""
    wanted, problem = _wanted()
    with runtime().sessions() as session:
        offered = newsletters.list_all(session)
        typed, found, following = "", Page(()), None
        if "q" in request.args:
            try:
                typed = _open(request.args["q"])
                found, following = _search(typed)
            except InvalidInput as error:
                problem = str(error)
        elif not problem:
            found = reader_list.list_page(
                session,
                wanted,
                hash_address=runtime().hash_address,
                now=now(),
                before=request.args.get("before", type=int),
                limit=SHOWN,
            )
            following = str(found.next) if found.next else None
    return render_template(
        "admin/readers.html",
        found=found,
        wanted=wanted,
        typed=typed,
        is_search="q" in request.args,
        problem=problem,
        newsletters=offered,
        which=reader_words.WHICH,
        following=_following(following),
        chosen={name: value for name, value in request.args.items() if name not in {"before", "which", "q"}},
    ), 422 if problem else 200


@blueprint.post("/search")
def search() -> ResponseReturnValue:
    """Lead to what was found. The address travels sealed, so that no log and no history has it."""
    typed = request.form.get("typed", "").strip()[: searching.MOST]
    return redirect(url_for(".index", q=_seal(typed)) if typed else url_for(".index"), 303)


@blueprint.get("/<int:subscriber_id>")
def reader(subscriber_id: int) -> ResponseReturnValue:
    """Show one reader, with what happened a page at a time."""
    try:
        text = request.args.get("before", "")
        before = datetime.fromisoformat(text) if text else None
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    return reader_page(subscriber_id, before=before)


def _search(typed: str) -> tuple[Page, str | None]:
    with runtime().sessions() as session:
        if not reader_words.sees_addresses():
            # Whoever sees masked addresses must not find out the rest letter by letter.
            only = searching.find_exactly(session, typed)
            ids: tuple[int, ...] = () if only is None else (only,)
            following = None
        else:
            hits = searching.search(session, typed, after=_after(), limit=SHOWN)
            ids = hits.subscriber_ids
            following = _seal(hits.next) if hits.next else None
        return Page(reader_list.rows_of(session, ids, hash_address=runtime().hash_address)), following


def _wanted() -> tuple[Wanted, str]:
    name = request.args.get("which", Which.ANY.value)
    if name not in set(Which):
        return Wanted(), "There is no such list of readers; choose one of these."
    try:
        day, since, due = (_day(request.args.get(each, "")) for each in ("day", "since", "due"))
    except ValueError:
        return Wanted(), "Write a day as year, month and day: 2026-11-25."
    return Wanted(
        Which(name),
        newsletter_id=request.args.get("newsletter", type=int),
        topic_id=request.args.get("topic", type=int),
        mailing_id=request.args.get("mailing", type=int),
        day=day,
        since=since,
        rhythm=next((one for one in RHYTHMS if one.value == request.args.get("rhythm")), None),
        due=due,
    ), ""


def _day(text: str) -> date | None:
    if not text:
        return None
    day = date.fromisoformat(text)
    # The day after the last one that a computer knows is an error, and nobody's.
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError
    return day


def _following(key: str | None) -> str | None:
    if key is None:
        return None
    chosen = {name: value for name, value in request.args.items() if name != "before"}
    return url_for(".index", **chosen, before=key)  # type: ignore[arg-type]  # Flask types its values one by one


def _after() -> str:
    sealed = request.args.get("before", "")
    return _open(sealed) if sealed else ""


def _sealer() -> Sealer:
    return Sealer(runtime().settings.secret_keys)


def _seal(text: str) -> str:
    return base64.urlsafe_b64encode(_sealer().seal(text.encode("utf-8", "replace"))).decode()


def _open(sealed: str) -> str:
    try:
        return _sealer().open(base64.urlsafe_b64decode(sealed.encode())).decode()
    except (ConfigurationError, ValueError):
        raise InvalidInput("This search is over. Type the address again.") from None
