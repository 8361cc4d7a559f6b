"""One's own account: name, password, second factor, and where one is logged in."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import PasswordField, StringField

from service.db import transaction
from service.errors import InvalidInput
from service.operators import accounts, devices, factors, queries, rules, sessions
from service.operators import login as logins
from service.operators.models import Ending, Operator, Role
from service.operators.roles import DESCRIPTIONS
from service.web.admin import auth, login_cookie, page
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


@blueprint.post("/logins/end")
def end_login() -> ResponseReturnValue:
    """End one login of this account, in whatever browser it is."""
    me = auth.current_operator().id
    with transaction(runtime().sessions) as session:
        ended = sessions.end_one(session, me, _hash(request.form.get("login", "")), now=now())
        if ended:
            logins.note_end(session, me, "operator.login_ended", now=now())
    if ended:
        page.say("That login has ended.")
    else:
        page.warn("That login was over already.")
    return redirect(url_for(".index"))


@blueprint.post("/log-out-everywhere")
def log_out_everywhere() -> ResponseReturnValue:
    """End every login of this account, this one too."""
    me = auth.current_operator().id
    with transaction(runtime().sessions) as session:
        ended = sessions.end_all(session, me, why=Ending.EVERYWHERE, now=now())
        logins.note_end(session, me, "operator.logged_out_everywhere", now=now(), after={"logins": ended})
    browser.clear()
    response = make_response(redirect(url_for("console_entrance.login")))
    login_cookie.forget(response)
    page.say("You are logged out everywhere.")
    return response


def _me(session: Session) -> Operator:
    return queries.get(session, auth.current_operator().id)


def _this_login() -> bytes | None:
    login = auth.find_login()
    return login.token_hash if login else None


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _page(name_form: NameForm, password_form: PasswordForm) -> str:
    me = auth.current_operator()
    with runtime().sessions() as session:
        live = sessions.list_for(session, me.id, now=now())
        found = factors.of(session, me.id)
        limits = rules.current(session)
    return render_template(
        "admin/account.html",
        name_form=name_form,
        password_form=password_form,
        logins=[(login, devices.describe(login.user_agent)) for login in live],
        this_login=_this_login(),
        found=found,
        limits=limits,
        now=now(),
        description=DESCRIPTIONS[me.role],
    )
