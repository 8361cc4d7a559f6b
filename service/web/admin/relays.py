"""Relays and limits: how mail leaves, what is slowed or rests and why, and the buttons to hold and resume."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.dispatch import TaskName
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import control, way_out
from service.web.admin import auth, page, words
from service.web.context import now, runtime

blueprint = Blueprint("console_relays", __name__, url_prefix="/console/relays")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    limits = runtime().throttle.snapshot()
    with runtime().sessions() as session:
        view = way_out.read(session, addresses=runtime().settings.relays, limits=limits, now=now())
    return render_template("admin/relays.html", view=view)


@blueprint.get("/hold")
def ask_to_hold() -> ResponseReturnValue:
    """Say what holding a relay means before it is done."""
    auth.require(Role.SENDER)
    addresses = runtime().settings.relays
    label = way_out.check_known(request.args.get("relay", ""), addresses=addresses)
    return render_template("admin/relays_hold.html", relay=label, others=len(addresses) - 1)


@blueprint.post("/hold")
def hold() -> ResponseReturnValue:
    label = _move(control.hold_relay)
    page.say(f"{label} is held: nothing more goes that way until you resume it.")
    return redirect(url_for(".index"))


@blueprint.post("/resume")
def resume() -> ResponseReturnValue:
    """Use a relay again, whether an operator held it or its breaker closed it."""
    label = _move(control.resume_relay)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    page.say(f"{label} is used again from now on.")
    return redirect(url_for(".index"))


def _move(move: Callable[..., None]) -> str:
    label = way_out.check_known(request.form.get("relay", ""), addresses=runtime().settings.relays)
    with transaction(runtime().sessions) as session:
        move(session, label, actor=actor_of(auth.current_operator()), now=now())
    return label
