"""The doors of the console: logging in with a password, logging out, accepting an invitation."""

from flask import Blueprint, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired

from service.db import transaction
from service.errors import BadToken, InvalidInput, TooManyRequests
from service.operators import accounts, factors, passkeys, sessions, setup
from service.operators import login as logins
from service.operators.models import Operator
from service.tokens import Purpose
from service.web.admin import auth, endings, login_cookie, navigation, page, second_step
from service.web.admin.fields import ConsoleForm
from service.web.admin.letting_in import let_in, target_after
from service.web.context import now, runtime

blueprint = Blueprint("console_entrance", __name__, url_prefix="/console")
auth.dress(blueprint)

WRONG = "That address and password do not belong together."


class LoginForm(ConsoleForm):
    email = EmailField("E-mail address", validators=[InputRequired("Enter your e-mail address.")])
    password = PasswordField("Password", validators=[InputRequired("Enter your password.")])


class InvitationForm(ConsoleForm):
    name = StringField("Your name")
    password = PasswordField("Password")


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """Show the form; who is logged in already goes on."""
    if auth.find_login() is not None:
        return redirect(target_after())
    with runtime().sessions() as reading:
        nobody_yet = setup.is_open(reading)
    return _login_page(LoginForm(formdata=None), nobody_yet=nobody_yet, status=200)


@blueprint.post("/login")
def log_in() -> ResponseReturnValue:
    """Check address and password, and ask for the second factor where there is one."""
    form = LoginForm()
    if not form.validate():
        return _login_page(form)
    try:
        operator, has_factor = _check(form)
    except TooManyRequests as error:
        answer = make_response(_login_page(form, problem=str(error), status=429))
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    if operator is None:
        return _login_page(form, problem=WRONG)
    if has_factor:
        return second_step.begin(operator)
    return let_in(operator, target_after())


@blueprint.post("/logout")
def log_out() -> ResponseReturnValue:
    """End this login, on the server and in the browser."""
    login = login_cookie.find_login()
    with transaction(runtime().sessions) as writing:
        sessions.end(writing, login_cookie.token_here(), now=now())
        if login is not None:
            logins.note_end(writing, login.operator_id, "operator.signed_out", now=now())
    session.clear()
    response = make_response(redirect(url_for("console_entrance.login")))
    login_cookie.forget(response)
    page.say("You are logged out.")
    return response


@blueprint.get("/invitation/<token>")
def invitation(token: str) -> ResponseReturnValue:
    """Show whom the invitation is for; nothing changes."""
    operator_id, generation = _read(token)
    with runtime().sessions() as reading:
        operator = accounts.find_invited(reading, operator_id, generation)
    return _invitation_page(InvitationForm(name=operator.name), operator)


@blueprint.post("/invitation/<token>")
def accept_invitation(token: str) -> ResponseReturnValue:
    """Choose a name and a password, and be let in."""
    operator_id, generation = _read(token)
    form = InvitationForm()
    name, password = form.name.data or "", form.password.data or ""
    try:
        with transaction(runtime().sessions) as writing:
            operator = accounts.accept(
                writing, operator_id, generation, name=name, password=password, now=now()
            )
    except InvalidInput as error:
        form.complain(error, default="password")
        with runtime().sessions() as reading:
            operator = accounts.find_invited(reading, operator_id, generation)
        return _invitation_page(form, operator), 422
    page.say(f"Welcome, {operator.name}.")
    return let_in(operator, navigation.first_page(), by="an invitation")


def _check(form: LoginForm) -> tuple[Operator | None, bool]:
    with transaction(runtime().sessions) as writing:
        operator = logins.check_password(
            writing,
            form.email.data or "",
            form.password.data or "",
            origin=login_cookie.origin(),
            hash_address=runtime().hash_address,
            now=now(),
        )
        return operator, operator is not None and factors.of(writing, operator.id).any


def _read(token: str) -> tuple[int, int]:
    payload = runtime().tokens.read(Purpose.INVITATION, token, now=now())
    if len(payload) != 2:
        raise BadToken("This link is not complete, or was changed on its way.")
    return int(payload[0]), int(payload[1])


def _login_page(
    form: LoginForm, *, problem: str = "", nobody_yet: bool = False, status: int = 422
) -> tuple[str, int]:
    shown = render_template(
        "admin/login.html",
        form=form,
        problem=problem,
        ending=endings.sentence() if status == 200 else "",
        nobody_yet=nobody_yet,
        has_passkeys=passkeys.site(runtime().settings.base_url) is not None,
        after=target_after(default=""),
    )
    return shown, status


def _invitation_page(form: InvitationForm, operator: Operator) -> str:
    return render_template("admin/invitation.html", form=form, invited=operator)
