"""Deciding about many messages of a mailing at once: failed ones, and those nobody knows about."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.delivery.rescue import MOST
from service.dispatch import TaskName
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import queue, rescue
from service.web.admin import auth, page, words
from service.web.context import now, runtime

blueprint = Blueprint("console_rescue", __name__, url_prefix="/console/queue/<int:mailing_id>")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)


@blueprint.get("/retry")
def ask_to_retry(mailing_id: int) -> ResponseReturnValue:
    """Say who failed and why, and whom the button would try again."""
    auth.require(Role.SENDER)
    reason, code = _chosen()
    with runtime().sessions() as session:
        line = queue.get(session, mailing_id)
        failures = rescue.look(session, mailing_id, reason=reason, code=code)
    return render_template(
        "admin/queue_retry.html", line=line, failures=failures, reason=reason, code=code, most=MOST
    )


@blueprint.post("/retry")
def retry(mailing_id: int) -> ResponseReturnValue:
    reason, code = _chosen()
    with transaction(runtime().sessions) as session:
        actor = actor_of(auth.current_operator())
        n = rescue.retry_failed(session, mailing_id, reason=reason, code=code, actor=actor, now=now())
    _wake()
    page.say(f"{n:,} planned once more." if n else "There was nobody left to try again.")
    return redirect(url_for("console_queue.mailing", mailing_id=mailing_id))


@blueprint.get("/unknown")
def ask_about_unknown(mailing_id: int) -> ResponseReturnValue:
    """Say what is not known, and what either decision risks."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        line = queue.get(session, mailing_id)
    return render_template("admin/queue_unknown.html", line=line)


@blueprint.post("/unknown/send-again")
def send_unknown_again(mailing_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        actor = actor_of(auth.current_operator())
        n = rescue.send_unknown_again(session, mailing_id, actor=actor, now=now())
    _wake()
    page.say(f"{n:,} planned once more." if n else "All of them had been decided.")
    return redirect(url_for("console_queue.mailing", mailing_id=mailing_id))


@blueprint.post("/unknown/leave")
def leave_unknown(mailing_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        actor = actor_of(auth.current_operator())
        n = rescue.leave_unknown(session, mailing_id, actor=actor, now=now())
    said = f"{n:,} left as they are: not sent again, and still counted as unknown."
    page.say(said if n else "All of them had been decided.")
    return redirect(url_for("console_queue.mailing", mailing_id=mailing_id))


def _chosen() -> tuple[str | None, int | None]:
    code = request.values.get("code", type=int)
    return request.values.get("reason") or None, code


def _wake() -> None:
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
