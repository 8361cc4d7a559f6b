"""Operators: who there is, inviting, changing roles, disabling, resetting a lost second factor."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import EmailField, RadioField, SelectField, StringField

from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput
from service.newsletters import queries as newsletters
from service.operators import accounts, factors, queries, rules, sessions
from service.operators.models import Operator, Role
from service.operators.roles import DESCRIPTIONS
from service.tokens import LIFETIMES, Purpose
from service.web.admin import auth, page
from service.web.admin.fields import ConsoleForm, checked, option
from service.web.context import now, runtime

blueprint = Blueprint("console_operators", __name__, url_prefix="/console/operators")
auth.protect(blueprint, look=Role.ADMIN, change=Role.ADMIN)

_ROLES = [option(role.value, f"{role.value.capitalize()}: {DESCRIPTIONS[role]}") for role in Role]

Act = Callable[[Session, Operator], object]


class InviteForm(ConsoleForm):
    name = StringField("Name", [checked(accounts.check_name)])
    email = EmailField("E-mail address")
    role = RadioField("Role", choices=_ROLES, default=Role.EDITOR.value)


class RoleForm(ConsoleForm):
    role = SelectField("Role", choices=_ROLES)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return _page(InviteForm(formdata=None))


@blueprint.get("/<int:operator_id>")
def operator(operator_id: int) -> ResponseReturnValue:
    """Show one account, and what can be done with it."""
    with runtime().sessions() as session:
        person = queries.get(session, operator_id)
        found = factors.of(session, operator_id)
        logins = len(sessions.list_for(session, operator_id, now=now()))
    return render_template(
        "admin/operator.html",
        person=person,
        found=found,
        logins=logins,
        roles=list(Role),
        descriptions=DESCRIPTIONS,
        invitation_ends=_invitation_ends(person),
        now=now(),
    )


@blueprint.post("/invite")
def invite() -> ResponseReturnValue:
    """Make an account that waits for its password, and send the invitation."""
    auth.require_recent()
    form = InviteForm()
    with runtime().sessions() as session:
        if not _can_invite(session):
            page.warn("An invitation needs a newsletter that is ready to send: it goes out under its sender.")
            return redirect(url_for(".index"))
    if form.validate():
        try:
            with transaction(runtime().sessions) as session:
                accounts.invite(
                    session,
                    email=form.email.data or "",
                    name=form.name.data or "",
                    role=Role(form.role.data),
                    by=queries.get(session, auth.current_operator().id),
                    now=now(),
                )
        except InvalidInput as error:
            form.complain(error, default="email")
    if form.errors:
        return _page(form), 422
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    page.say(f"{form.name.data} is invited. The link in the mail works for seven days.")
    return redirect(url_for(".index"))


@blueprint.post("/<int:operator_id>/invite-again")
def invite_again(operator_id: int) -> ResponseReturnValue:
    def act(session: Session, operator: Operator) -> None:
        me = queries.get(session, auth.current_operator().id)
        accounts.invite_again(session, operator, by=me, now=now())

    answer = _act(operator_id, act, "{name} is invited again; the older link no longer works.")
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    return answer


@blueprint.post("/<int:operator_id>/withdraw")
def withdraw(operator_id: int) -> ResponseReturnValue:
    """Take an invitation back: its link stops working."""

    def act(session: Session, operator: Operator) -> None:
        accounts.withdraw_invitation(session, operator, actor=_actor(), now=now())

    return _act(operator_id, act, "The invitation of {name} is withdrawn; its link no longer works.")


@blueprint.post("/<int:operator_id>/role")
def change_role(operator_id: int) -> ResponseReturnValue:
    form = RoleForm()
    if not form.validate():
        page.warn("Choose one of the roles.")
        return redirect(url_for(".operator", operator_id=operator_id))
    role = Role(form.role.data)

    def act(session: Session, operator: Operator) -> None:
        if operator.role is role:
            raise Conflict(f"{operator.name} is {role.value} already.")
        accounts.change_role(session, operator, role=role, actor=_actor(), now=now())

    return _act(operator_id, act, f"{{name}} is {role.value} now, and has to log in again.")


@blueprint.post("/<int:operator_id>/disable")
def disable(operator_id: int) -> ResponseReturnValue:
    def act(session: Session, operator: Operator) -> None:
        accounts.disable(session, operator, actor=_actor(), now=now())

    return _act(operator_id, act, "{name} is disabled and logged out everywhere.")


@blueprint.post("/<int:operator_id>/enable")
def enable(operator_id: int) -> ResponseReturnValue:
    def act(session: Session, operator: Operator) -> None:
        accounts.enable(session, operator, actor=_actor(), now=now())

    return _act(operator_id, act, "{name} can sign in again.")


@blueprint.post("/<int:operator_id>/reset-second-factor")
def reset_second_factor(operator_id: int) -> ResponseReturnValue:
    """Help somebody who lost phone, passkey and recovery codes; the password stays."""

    def act(session: Session, operator: Operator) -> None:
        if operator.id == auth.current_operator().id:
            raise Conflict(
                "Remove your own second factor on your account page, or ask another administrator."
            )
        factors.reset(session, operator, actor=_actor(), now=now())

    return _act(
        operator_id, act, "{name} can log in with the password alone, and should set up a new factor."
    )


def _act(operator_id: int, act: Act, sentence: str) -> ResponseReturnValue:
    auth.require_recent()
    try:
        with transaction(runtime().sessions) as session:
            operator = queries.get(session, operator_id)
            act(session, operator)
    except Conflict as error:
        page.warn(str(error))
    else:
        page.say(sentence.format(name=operator.name))
    if auth.current_operator().id == operator_id:
        return redirect(url_for(".index"))
    return redirect(url_for(".operator", operator_id=operator_id))


def _actor() -> str:
    return accounts.actor_of(auth.current_operator())


def _invitation_ends(person: Operator) -> object:
    return person.invited_at + LIFETIMES[Purpose.INVITATION] if person.invited_at else None


def _can_invite(session: Session) -> bool:
    """The invitation is composed with the first newsletter's sender; without one it would be skipped."""
    first = next(iter(newsletters.list_all(session)), None)
    return first is not None and not newsletters.missing_for_sending(first)


def _page(form: InviteForm) -> str:
    with runtime().sessions() as session:
        everybody = queries.list_all(session)
        can_invite = _can_invite(session)
        with_factor = factors.operators_with(session)
        limits = rules.current(session)
    return render_template(
        "admin/operators.html",
        form=form,
        everybody=everybody,
        can_invite=can_invite,
        with_factor=with_factor,
        limits=limits,
        now=now(),
        lifetime=LIFETIMES[Purpose.INVITATION],
    )
