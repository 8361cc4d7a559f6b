"""How fast something may go: one page that says what a limit does, and sets or lifts it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.dispatch import TaskName
from service.errors import InvalidInput, NotFound
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import limiting
from service.ops.limiting import Kind, Target
from service.web.admin import auth, page, words
from service.web.context import now, runtime

blueprint = Blueprint("console_limits", __name__, url_prefix="/console/queue/limit")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)


@blueprint.get("")
def ask() -> ResponseReturnValue:
    """Say what is set, and what another number would do."""
    auth.require(Role.SENDER)
    with runtime().sessions() as session:
        target = _target(session)
    return _form(target, typed=_written(target), problem="")


@blueprint.get("/domain")
def ask_for_domain() -> ResponseReturnValue:
    """Lead to the page of a domain that was typed."""
    domain = request.args.get("domain", "").strip().rpartition("@")[2].lower()
    return redirect(url_for(".ask", name=f"domain:{domain}"))


@blueprint.post("")
def order() -> ResponseReturnValue:
    """Set, hold or lift; the same again changes nothing."""
    wanted = request.form.get("order", "set")
    with transaction(runtime().sessions) as session:
        target = _target(session)
        try:
            rate = _rate(wanted, target)
        except InvalidInput as error:
            return _form(target, typed=request.form.get("rate", ""), problem=str(error)), 422
        limiting.order(session, target, rate=rate, actor=actor_of(auth.current_operator()), now=now())
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    page.say(_said(target, rate))
    return redirect(_home(target))


def _target(session: Session) -> Target:
    return limiting.find_target(
        session,
        request.values.get("name", ""),
        addresses=runtime().settings.relays,
    )


def _rate(wanted: str, target: Target) -> float | None:
    if wanted == "lift":
        return None
    if wanted == "hold" and target.can_be_held:
        return 0.0
    if wanted != "set":
        raise NotFound("There is no such order.")
    return limiting.parse_rate(request.form.get("rate", ""))


def _written(target: Target) -> str:
    return f"{target.ordered.rate:g}" if target.ordered is not None and target.ordered.rate else ""


def _form(target: Target, *, typed: str, problem: str) -> str:
    return render_template(
        "admin/queue_limit.html", target=target, typed=typed, problem=problem, home=_home(target)
    )


def _home(target: Target) -> str:
    if target.kind is Kind.MAILING:
        return url_for("console_queue.mailing", mailing_id=int(target.name.partition(":")[2]))
    return url_for("console_queue.index" if target.kind is Kind.ALL else "console_relays.index")


def _said(target: Target, rate: float | None) -> str:
    title = target.title[0].upper() + target.title[1:]
    if rate is None:
        return f"{title}: as fast as the settings allow again."
    if not rate:
        return f"Mail to {target.title} waits from now on. Nobody is lost; it goes on when you release it."
    return f"{title}: at most {words.pace(rate)} from now on."
