"""What else becomes of a blast by a button: approved, taken back, copied, sent again, put away."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.blasts import copies, schedule
from service.db import transaction
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, page
from service.web.context import now, runtime

blueprint = Blueprint("console_blast_turns", __name__, url_prefix="/console/blasts")
auth.protect(blueprint, change=Role.EDITOR)


@blueprint.post("/<int:blast_id>/approve")
def approve(blast_id: int) -> ResponseReturnValue:
    """Let it go, as the second sender."""
    operator = auth.require(Role.SENDER)
    with transaction(runtime().sessions) as session:
        schedule.approve(
            session, blast_id, seen=request.form.get("seen", ""), operator_id=operator.id, now=now()
        )
    page.say("Approved. It can be taken back until its time comes.")
    return _to_blast(blast_id)


@blueprint.post("/<int:blast_id>/undo")
def undo(blast_id: int) -> ResponseReturnValue:
    """Make it a draft again, before the first mail."""
    with transaction(runtime().sessions) as session:
        schedule.unschedule(session, blast_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("Taken back. Nobody got it, and it is a draft again.")
    return _to_blast(blast_id)


@blueprint.post("/<int:blast_id>/copy")
def copy(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        made = copies.copy(session, blast_id, operator_id=auth.current_operator().id, now=now())
    page.say("This is the copy, a draft. Nobody gets it until it is sent.")
    return _to_blast(made.id)


@blueprint.post("/<int:blast_id>/resend")
def resend(blast_id: int) -> ResponseReturnValue:
    """Make a draft to those who were to get it and did not."""
    with transaction(runtime().sessions) as session:
        made = copies.resend(session, blast_id, operator_id=auth.current_operator().id, now=now())
    page.say("A draft to those who did not get it. Look at the number, then send it like any other.")
    return _to_blast(made.id)


@blueprint.post("/<int:blast_id>/archive")
def archive(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        copies.archive(session, blast_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("Put away. It stays on record, under “Put away”.")
    return _to_blast(blast_id)


@blueprint.post("/<int:blast_id>/unarchive")
def unarchive(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        copies.unarchive(session, blast_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("It is in the list again.")
    return _to_blast(blast_id)


def _to_blast(blast_id: int) -> ResponseReturnValue:
    return redirect(url_for("console_blasts.blast", blast_id=blast_id))
