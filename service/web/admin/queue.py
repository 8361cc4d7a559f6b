"""The queue: mailings with their accounts, and the buttons that hold, go on and stop."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.dispatch import TaskName
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import control, delays, monitor, overview, queue, stalls, traffic, way_out
from service.web.admin import auth, page, words
from service.web.context import now, runtime

blueprint = Blueprint("console_queue", __name__, url_prefix="/console/queue")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)

HISTORY = 25


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show what is open, and the history a page at a time."""
    before = request.args.get("before", type=int)
    with runtime().sessions() as session:
        shown = {} if before else _monitor(session)
        closed = queue.list_closed(session, before_id=before, limit=HISTORY + 1)
    following = closed[HISTORY - 1].mailing_id if len(closed) > HISTORY else None
    return render_template(
        "admin/queue.html", shown=shown, closed=closed[:HISTORY], following=following, before=before
    )


def _monitor(session: Session) -> dict[str, object]:
    """Read what the live parts show, for a page that stays as it is without JavaScript."""
    home, instant = runtime(), now()
    limits = home.throttle.snapshot()
    return {
        "stalls": stalls.list_stalls(session, now=instant),
        "now": monitor.read_now(session, now=instant),
        "mailings": queue.list_open(session),
        "queues": monitor.read_queues(session, now=instant),
        "relays": way_out.read(session, addresses=home.settings.relays, limits=limits, now=instant),
        "day": traffic.read_day(session, now=instant),
        "map": traffic.read_errors(session, now=instant),
        "processes": overview.list_processes(session, now=instant),
    }


@blueprint.get("/<int:mailing_id>")
def mailing(mailing_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        line = queue.get(session, mailing_id)
        late = delays.read(session, mailing_id)
    return render_template("admin/queue_mailing.html", line=line, late=late)


@blueprint.post("/<int:mailing_id>/pause")
def pause(mailing_id: int) -> ResponseReturnValue:
    _move(control.pause, mailing_id)
    page.say("Paused. What is being handed over arrives; the rest waits until you resume.")
    return _back(mailing_id)


@blueprint.get("/<int:mailing_id>/resume")
def ask_to_resume(mailing_id: int) -> ResponseReturnValue:
    """Say who gets mail before it goes on; pausing needs no such page, since it can be taken back."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        line = queue.get(session, mailing_id)
    back, go = url_for(".mailing", mailing_id=mailing_id), url_for(".resume", mailing_id=mailing_id)
    return render_template("admin/queue_resume.html", line=line, back=back, go=go)


@blueprint.post("/<int:mailing_id>/resume")
def resume(mailing_id: int) -> ResponseReturnValue:
    _move(control.resume, mailing_id)
    _wake()
    page.say("Going on: everybody who waited is next.")
    return _back(mailing_id)


@blueprint.get("/<int:mailing_id>/stop")
def ask_to_stop(mailing_id: int) -> ResponseReturnValue:
    """Say what stopping means before it is done."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        line = queue.get(session, mailing_id)
    return render_template("admin/queue_stop.html", line=line)


@blueprint.post("/<int:mailing_id>/stop")
def stop(mailing_id: int) -> ResponseReturnValue:
    _move(control.stop, mailing_id)
    page.say("Stopped for good. Who has not got it will not; the account below says who that is.")
    return _back(mailing_id)


@blueprint.get("/pause-all")
def ask_to_pause_all() -> ResponseReturnValue:
    """Say what the red button reaches before it is pressed."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        lines = [line for line in queue.list_open(session) if line.can_be_held]
    return render_template("admin/queue_pause_all.html", lines=lines)


@blueprint.post("/pause-all")
def pause_all() -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        control.hold_all(session, actor=actor_of(auth.current_operator()), now=now())
    page.say("Everything is held. What a worker already has in its hands is finished; confirmations go on.")
    return redirect(url_for(".index"))


@blueprint.post("/release-all")
def release_all() -> ResponseReturnValue:
    """Lift the hold; mailings that were paused by themselves stay paused."""
    with transaction(runtime().sessions) as session:
        control.lift_hold(session, actor=actor_of(auth.current_operator()), now=now())
    _wake()
    page.say("Released: digests and blasts go on, except those that are paused by themselves.")
    return redirect(url_for(".index"))


def _move(move: Callable[..., None], mailing_id: int) -> None:
    with transaction(runtime().sessions) as session:
        move(session, mailing_id, actor=actor_of(auth.current_operator()), now=now())


def _wake() -> None:
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)


def _back(mailing_id: int) -> ResponseReturnValue:
    """To the page the button was on: the mailing's own, or the blast's."""
    target = auth.safe_path(request.form.get("next", ""))
    return redirect(target or url_for(".mailing", mailing_id=mailing_id))
