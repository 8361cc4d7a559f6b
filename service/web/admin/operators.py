"""Operators: who there is, inviting, changing roles, disabling."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import EmailField, RadioField, SelectField, StringField

from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput
from service.newsletters import queries as newsletters
from service.operators import accounts, queries
from service.operators.models import Operator, Role
from service.operators.roles import DESCRIPTIONS
from service.web.admin import auth, page
from service.web.admin.fields import ConsoleForm, checked, option
from service.web.context import now, runtime

blueprint = Blueprint("console_operators", __name__, url_prefix="/console/operators")
auth.protect(blueprint, look=Role.ADMIN, change=Role.ADMIN)

_ROLES = [option(role.value, f"{role.value.capitalize()}: {DESCRIPTIONS[role]}") for role in Role]


class InviteForm(ConsoleForm):
    name = StringField("Name", [checked(accounts.check_name)])
    email = EmailField("E-mail address")
    role = RadioField("Role", choices=_ROLES, default=Role.EDITOR.value)


class RoleForm(ConsoleForm):
    role = SelectField("Role", choices=_ROLES)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return _page(InviteForm(formdata=None))


@blueprint.post("/invite")
def invite() -> ResponseReturnValue:
    """Make an account that waits for its password, and send the invitation."""
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


@blueprint.post("/<int:operator_id>/role")
def change_role(operator_id: int) -> ResponseReturnValue:
    form = RoleForm()
    if not form.validate():
        page.warn("Choose one of the roles.")
        return redirect(url_for(".index"))
    role = Role(form.role.data)

    def act(session: Session, operator: Operator) -> None:
        accounts.change_role(session, operator, role=role, actor=_actor(), now=now())

    return _act(operator_id, act, f"{{name}} is {role.value} now.")


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


def _act(operator_id: int, act: Callable[[Session, Operator], None], sentence: str) -> ResponseReturnValue:
    try:
        with transaction(runtime().sessions) as session:
            operator = queries.get(session, operator_id)
            act(session, operator)
    except Conflict as error:
        page.warn(str(error))
    else:
        page.say(sentence.format(name=operator.name))
    return redirect(url_for(".index"))


def _actor() -> str:
    return accounts.actor_of(auth.current_operator())


def _can_invite(session: Session) -> bool:
    """The invitation is composed with the first newsletter's sender; without one it would be skipped."""
    first = next(iter(newsletters.list_all(session)), None)
    return first is not None and not newsletters.missing_for_sending(first)


def _page(form: InviteForm) -> str:
    with runtime().sessions() as session:
        everybody = queries.list_all(session)
        can_invite = _can_invite(session)
    return render_template(
        "admin/operators.html", form=form, everybody=everybody, roles=list(Role), can_invite=can_invite
    )
