"""One's own account: name, password, and where one is logged in."""

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import PasswordField, StringField

from service.db import transaction
from service.errors import InvalidInput
from service.operators import accounts, queries, sessions
from service.operators.models import Operator, Role
from service.operators.roles import DESCRIPTIONS
from service.web.admin import auth, page
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime

blueprint = Blueprint("console_account", __name__, url_prefix="/console/account")
auth.protect(blueprint, change=Role.VIEWER)


class NameForm(ConsoleForm):
    name = StringField("Your name")


class PasswordForm(ConsoleForm):
    current = PasswordField("Current password")
    password = PasswordField("New password")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return _page(NameForm(name=auth.current_operator().name), PasswordForm())


@blueprint.post("/name")
def rename() -> ResponseReturnValue:
    form = NameForm()
    try:
        with transaction(runtime().sessions) as session:
            accounts.rename(session, _me(session), name=form.name.data or "", now=now())
    except InvalidInput as error:
        form.complain(error, default="name")
        return _page(form, PasswordForm()), 422
    page.say("Your name is changed.")
    return redirect(url_for(".index"))


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Change the password; every other login of this account ends."""
    form = PasswordForm()
    try:
        with transaction(runtime().sessions) as session:
            accounts.change_password(
                session,
                _me(session),
                current=form.current.data or "",
                new=form.password.data or "",
                keep=_this_login(),
                now=now(),
            )
    except InvalidInput as error:
        form.complain(error, default="password")
        return _page(NameForm(formdata=None, name=auth.current_operator().name), form), 422
    page.say("Your password is changed. Every other login of your account has ended.")
    return redirect(url_for(".index"))


@blueprint.post("/log-out-everywhere")
def log_out_everywhere() -> ResponseReturnValue:
    """End every login of this account, this one too."""
    with transaction(runtime().sessions) as session:
        sessions.end_all(session, auth.current_operator().id)
    browser.clear()
    response = make_response(redirect(url_for("console_entrance.login")))
    auth.forget(response)
    page.say("You are logged out everywhere.")
    return response


def _me(session: Session) -> Operator:
    return queries.get(session, auth.current_operator().id)


def _this_login() -> bytes | None:
    login = auth.find_login()
    return login.token_hash if login else None


def _page(name_form: NameForm, password_form: PasswordForm) -> str:
    with runtime().sessions() as session:
        logins = sessions.list_for(session, auth.current_operator().id, now=now())
    return render_template(
        "admin/account.html",
        name_form=name_form,
        password_form=password_form,
        logins=logins,
        this_login=_this_login(),
        now=now(),
        description=DESCRIPTIONS[auth.current_operator().role],
    )
