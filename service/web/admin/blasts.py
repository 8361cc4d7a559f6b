"""Blasts on their way: the list, the number that is confirmed, sending, pausing, cancelling."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.blasts import (
    audience,
    checks,
    drafts,
    frozen,
    lifecycle,
    preview,
    readiness,
    rules,
    schedule,
    sending,
    showing,
    testing,
)
from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan
from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput, NotFound
from service.operators import queries as operators
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import audience_estimate, audiences, blasts
from service.web.admin import auth, blast_readers, framed, page, tickets, words
from service.web.context import now, runtime

blueprint = Blueprint("console_blasts", __name__, url_prefix="/console/blasts")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List blasts; those that were put away have a list of their own."""
    archived = bool(request.args.get("archived"))
    with runtime().sessions() as session:
        found = blasts.list_all(session, archived=archived)
    return render_template("admin/blasts.html", blasts=found, archived=archived)


@blueprint.get("/<int:blast_id>")
def blast(blast_id: int) -> ResponseReturnValue:
    """Show a draft to be checked, or what became of one that was confirmed."""
    with runtime().sessions() as session:
        line = blasts.get(session, blast_id)
        row = session.get_one(Blast, blast_id)
        seen = blast_readers.chosen(session, row)
        if seen.address_in_url:
            return redirect(seen.url(".blast", blast_id=blast_id))
        content = preview.preview(session, row, links=runtime().links, reader=seen.reader)
        draft = row.state is BlastState.DRAFT
        criteria = audience.of(row)
        look = audience_estimate.look(session, row.newsletter_id, criteria, now=now()) if draft else None
        sentence = look.sentence if look else audiences.describe(session, criteria)
        report = checks.check(session, row, links=runtime().links) if draft else None
        distrusted = checks.distrusted_words(session, row) if draft and "words" in request.args else None
        testers = operators.list_all(session) if draft else []
        limits = rules.current(session)
    return render_template(
        "admin/blasts_draft.html" if draft else "admin/blasts_blast.html",
        blast=line,
        preview=framed.preview(content, page=".blast", frame=".mail", blast_id=blast_id, **seen.kept()),
        inbox=blast_readers.inbox(row),
        seen=seen,
        look=look,
        sentence=sentence,
        plan=Plan.read(row.plan),
        fingerprint=frozen.fingerprint(row),
        report=report,
        distrusted=distrusted,
        testers=[each for each in testers if each.disabled_at is None and each.password_hash is not None],
        most_testers=testing.MOST_RECEIVERS,
        limits=limits,
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
    """Show all that would go, and to how many; only this can be confirmed."""
    auth.require(Role.SENDER)
    return _confirm_page(blast_id, problem=None)


@blueprint.post("/<int:blast_id>/send")
def send(blast_id: int) -> ResponseReturnValue:
    """Schedule what was shown; a second press of the button finds it scheduled and changes nothing."""
    operator = auth.require(Role.SENDER)
    confirmed = request.form.get("confirmed_count", default=-1, type=int)
    try:
        with transaction(runtime().sessions) as session:
            _check_typed(confirmed, above=rules.current(session).typed_above)
            made = schedule.confirm(
                session,
                blast_id,
                confirmed_count=confirmed,
                seen=request.form.get("seen", ""),
                operator_id=operator.id,
                links=runtime().links,
                now=now(),
            )
    except (Conflict, InvalidInput) as error:
        return _confirm_page(blast_id, problem=str(error), status=409)
    if made.state is BlastState.AWAITING:
        page.say("Confirmed. It goes when another sender has approved it.")
    elif made.state is BlastState.SCHEDULED:
        page.say("Confirmed. It can be taken back until its time comes.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.post("/<int:blast_id>/pause")
def pause(blast_id: int) -> ResponseReturnValue:
    _move(sending.pause, blast_id)
    page.say("Paused. What is being handed over arrives; the rest waits until you resume.")
    return redirect(url_for(".blast", blast_id=blast_id))


@blueprint.get("/<int:blast_id>/resume")
def ask_to_resume(blast_id: int) -> ResponseReturnValue:
    """Say who gets it next, before it goes on."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        line = blasts.get(session, blast_id).line
    if line is None:
        raise NotFound("This blast has not begun; there is nothing to resume.")
    back, go = url_for(".blast", blast_id=blast_id), url_for(".resume", blast_id=blast_id)
    return render_template("admin/queue_resume.html", line=line, back=back, go=go)


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


def _check_typed(confirmed: int, *, above: int) -> None:
    """The number itself is the word that has to be typed; with or without what groups its digits."""
    typed = "".join(sign for sign in request.form.get("typed_count", "") if sign.isdigit())
    if confirmed > above and typed != str(confirmed):
        raise InvalidInput(f"Type the number of readers, {confirmed:,}, to confirm it.", field="typed_count")


def _confirm_page(blast_id: int, *, problem: str | None, status: int = 200) -> ResponseReturnValue:
    with runtime().sessions() as session:
        line = blasts.get(session, blast_id)
        if line.state is not BlastState.DRAFT:
            if problem is not None:
                page.warn(problem)
            return redirect(url_for(".blast", blast_id=blast_id))
        row = session.get_one(Blast, blast_id)
        limits = rules.current(session)
        shown = render_template(
            "admin/blasts_confirm.html",
            blast=line,
            row=row,
            plan=Plan.read(row.plan),
            look=audiences.look(session, row.newsletter_id, audience.of(row), now=now()),
            limits=limits,
            fingerprint=frozen.fingerprint(row),
            missing=readiness.missing(session, row, links=runtime().links),
            problem=problem,
        )
    return shown, status
