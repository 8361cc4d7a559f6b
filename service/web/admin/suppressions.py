"""The suppression list: who is never written to, why, and how an entry is lifted."""

from collections.abc import Iterator

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import reader_acts, suppression_list
from service.ops.suppression_list import Line
from service.web.admin import auth, csv_file, page, reader_words, words
from service.web.context import now, runtime

blueprint = Blueprint("console_suppressions", __name__, url_prefix="/console/suppressions")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)
blueprint.context_processor(reader_words.context)

SHOWN = 50


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the newest entries, of one reason or of all."""
    reason = request.args.get("reason", "")
    reason = reason if reason in suppression_list.REASONS else ""
    before = request.args.get("before", type=int)
    with runtime().sessions() as session:
        found = suppression_list.list_page(
            session,
            hash_address=runtime().hash_address,
            reason=reason,
            before=before,
            limit=SHOWN + 1,
        )
    lines = found[:SHOWN]
    return _page(lines, reason=reason, before=before, following=lines[-1].id if len(found) > SHOWN else None)


@blueprint.post("/look")
def look() -> ResponseReturnValue:
    """Say whether an address is on the list, also one that nobody here has any more."""
    typed = request.form.get("typed", "").replace("\0", "").strip()
    if not typed:
        return redirect(url_for(".index"))
    with runtime().sessions() as session:
        lines = suppression_list.of_address(session, typed, hash_address=runtime().hash_address)
    return _page(lines, typed=typed)


@blueprint.get("/<int:suppression_id>/lift")
def ask_to_lift(suppression_id: int) -> ResponseReturnValue:
    """Say what lifting means, and what it does not."""
    auth.require(Role.EDITOR)
    return _lift_page(suppression_id)


@blueprint.post("/<int:suppression_id>/lift")
def lift(suppression_id: int) -> ResponseReturnValue:
    """Allow mail to the address again; nobody is subscribed by that."""
    try:
        with transaction(runtime().sessions) as session:
            row = reader_acts.lift(
                session,
                suppression_id,
                reason=request.form.get("reason", ""),
                actor=actor_of(auth.current_operator()),
                now=now(),
            )
    except InvalidInput as error:
        return _lift_page(suppression_id, str(error)), 422
    page.say("Lifted. The address may be written to again; whoever it is must sign up as before.")
    if row.subscriber_id is None:
        return redirect(url_for(".index"))
    return redirect(url_for("console_readers.reader", subscriber_id=row.subscriber_id))


@blueprint.post("/suppressions.csv")
def file() -> ResponseReturnValue:
    """The whole list as a file; who took it is written down."""
    auth.require_recent()
    reason = request.form.get("only", "")
    with transaction(runtime().sessions) as session:
        reader_acts.record_list_export(session, actor=actor_of(auth.current_operator()), now=now())
    head = ("number", "since (UTC)", "why", "newsletter", "reader", "address")
    return csv_file.download(f"suppressions-{now():%Y-%m-%d}.csv", head, _rows(reason))


def _rows(reason: str) -> Iterator[tuple[object, ...]]:
    with runtime().sessions() as session:
        names = {each.id: each.name for each in newsletters.list_all(session)}
        for line in suppression_list.every(session, hash_address=runtime().hash_address, reason=reason):
            where = names.get(line.list_id, "all")
            yield line.id, f"{line.since:%Y-%m-%d %H:%M}", line.reason, where, line.subscriber_id, line.email


def _lift_page(suppression_id: int, complaint: str = "") -> str:
    with runtime().sessions() as session:
        line = suppression_list.get(session, suppression_id, hash_address=runtime().hash_address)
    if line is None:
        raise NotFound("This entry is not on the suppression list any more.")
    return render_template(
        "admin/suppression_lift.html",
        line=line,
        may_lift=line.reason in reader_acts.LIFTABLE,
        complaint=complaint,
        reason=request.form.get("reason", ""),
    )


def _page(
    lines: list[Line],
    *,
    reason: str = "",
    typed: str = "",
    before: int | None = None,
    following: int | None = None,
) -> str:
    with runtime().sessions() as session:
        names = {each.id: each.name for each in newsletters.list_all(session)}
    return render_template(
        "admin/suppressions.html",
        lines=lines,
        reason=reason,
        typed=typed,
        before=before,
        following=following,
        names=names,
        reasons=suppression_list.REASONS,
        liftable=reader_acts.LIFTABLE,
    )
