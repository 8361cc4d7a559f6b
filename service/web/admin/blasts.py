"""Blasts on their way: the list, the number that is confirmed, sending, pausing, cancelling."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.blasts import audience, checks, drafts, lifecycle, preview, readiness, sending, showing, testing
from service.blasts.models import Blast, BlastState
from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, NotFound
from service.operators import queries as operators
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import blasts
from service.web.admin import auth, blast_readers, framed, page, tickets, words
from service.web.context import now, runtime

blueprint = Blueprint("console_blasts", __name__, url_prefix="/console/blasts")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        found = blasts.list_all(session)
    return render_template("admin/blasts.html", blasts=found)


@blueprint.get("/<int:blast_id>")
def blast(blast_id: int) -> ResponseReturnValue:
    """Show a draft to be checked, or what became of one that has begun."""
    with runtime().sessions() as session:
        line = blasts.get(session, blast_id)
        row = session.get_one(Blast, blast_id)
        seen = blast_readers.chosen(session, row)
        if seen.address_in_url:
            return redirect(seen.url(".blast", blast_id=blast_id))
        content = preview.preview(session, row, links=runtime().links, reader=seen.reader)
        draft = row.state is BlastState.DRAFT
        count = audience.count(session, row, now=now()) if draft else 0
        report = checks.check(session, row, links=runtime().links) if draft else None
        distrusted = checks.distrusted_words(session, row) if draft and "words" in request.args else None
        testers = operators.list_all(session) if draft else []
    return render_template(
        "admin/blasts_draft.html" if draft else "admin/blasts_blast.html",
        blast=line,
        preview=framed.preview(content, page=".blast", frame=".mail", blast_id=blast_id, **seen.kept()),
        inbox=blast_readers.inbox(row),
        seen=seen,
        count=count,
        report=report,
        distrusted=distrusted,
        testers=[each for each in testers if each.disabled_at is None and each.password_hash is not None],
        most_testers=testing.MOST_RECEIVERS,
        ticket=tickets.new(),
        row=row,
        public_url=runtime().links.blast(row.newsletter.slug, blast_id=row.id),
        moves={move.value for move in lifecycle.allowed(line.state)},
    )


@blueprint.get("/<int:blast_id>/mail")
def mail(blast_id: int) -> ResponseReturnValue:
    """The HTML part by itself, for the frame."""
    with runtime().sessions() as session:
        row = session.get(Blast, blast_id)
        if row is None:
            raise NotFound("There is no such blast.")
        seen = blast_readers.chosen(session, row)
        content = preview.preview(session, row, links=runtime().links, reader=seen.reader)
    return framed.mail(content.html)


@blueprint.post("/<int:blast_id>/test")
def send_test(blast_id: int) -> ResponseReturnValue:
    """Send it to operators, by default the one who asks, and to nobody else."""
    operator = auth.current_operator()
    to = [int(each) for each in request.form.getlist("to") if each.isdecimal() and len(each) < 16]
    with transaction(runtime().sessions) as session:
        seen = blast_readers.chosen(session, drafts.locked(session, blast_id))
        testing.send_test(
            session,
            blast_id,
            operator=operator,
            nonce=request.form.get("ticket", ""),
            to=to,
            as_reader=seen.reader,
            links=runtime().links,
            now=now(),
        )
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    whom = operator.email if set(to) <= {operator.id} else f"{len(set(to))} operators"
    page.say(f"A test is on its way to {whom}. Nobody else gets it.")
    return redirect(seen.url(".blast", blast_id=blast_id))


@blueprint.get("/<int:blast_id>/send")
def confirm(blast_id: int) -> ResponseReturnValue:
    """Show how many readers would get it now; only this number can be sent to."""
    auth.require(Role.SENDER)
    return _confirm_page(blast_id, problem=None)


@blueprint.post("/<int:blast_id>/send")
def send(blast_id: int) -> ResponseReturnValue:
    """Start sending; a second press of the button finds it started and changes nothing."""
    auth.require(Role.SENDER)
    confirmed = request.form.get("confirmed_count", default=-1, type=int)
    try:
        with transaction(runtime().sessions) as session:
            sending.start(
                session,
                blast_id,
                confirmed_count=confirmed,
                links=runtime().links,
                actor=actor_of(auth.current_operator()),
                now=now(),
            )
    except Conflict as error:
        return _confirm_page(blast_id, problem=str(error), status=409)
    runtime().dispatcher.wake(TaskName.FAN_OUT_BLASTS)
    page.say("It is on its way. You can pause or cancel it here at any time.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.post("/<int:blast_id>/pause")
def pause(blast_id: int) -> ResponseReturnValue:
    _move(sending.pause, blast_id)
    page.say("Paused. What a worker already holds is finished; nothing else goes out until you resume.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.post("/<int:blast_id>/resume")
def resume(blast_id: int) -> ResponseReturnValue:
    _move(sending.resume, blast_id)
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    page.say("Going on: everybody who waited is next.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.get("/<int:blast_id>/cancel")
def ask_to_cancel(blast_id: int) -> ResponseReturnValue:
    """Say what cancelling means before it is done."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        line = blasts.get(session, blast_id)
    return render_template("admin/blasts_cancel.html", blast=line)


@blueprint.post("/<int:blast_id>/cancel")
def cancel(blast_id: int) -> ResponseReturnValue:
    _move(sending.cancel, blast_id)
    page.say("Cancelled for good. Who has not got it will not.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.post("/<int:blast_id>/publish")
def publish(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        showing.publish(session, blast_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("It is in the public archive.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.post("/<int:blast_id>/withhold")
def withhold(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        showing.withhold(session, blast_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("It is out of the public archive. Pages that somebody keeps a copy of follow in five minutes.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.post("/<int:blast_id>/delete")
def delete(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        drafts.delete(session, blast_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("The draft is deleted.")
    return redirect(url_for(".index"))


def _move(move: Callable[..., Blast], blast_id: int) -> None:
    auth.require(Role.SENDER)
    with transaction(runtime().sessions) as session:
        move(session, blast_id, actor=actor_of(auth.current_operator()), now=now())


def _confirm_page(blast_id: int, *, problem: str | None, status: int = 200) -> ResponseReturnValue:
    with runtime().sessions() as session:
        line = blasts.get(session, blast_id)
        if line.state is not BlastState.DRAFT:
            return redirect(url_for(".blast", blast_id=blast_id))
        row = session.get_one(Blast, blast_id)
        count = audience.count(session, row, now=now())
        missing = readiness.missing(session, row, links=runtime().links)
    shown = render_template(
        "admin/blasts_confirm.html", blast=line, count=count, missing=missing, problem=problem
    )
    return shown, status
