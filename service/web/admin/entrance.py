"""The doors of the console: logging in, logging out, accepting an invitation."""

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired

from service.db import transaction
from service.errors import BadToken, InvalidInput, TooManyRequests
from service.operators import accounts, sessions, setup
from service.operators import login as logins
from service.operators.models import Operator
from service.subscribers.addresses import network_of
from service.tokens import Purpose
from service.web.admin import auth, navigation, page
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime, visitor_ip

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
        return redirect(_target())
    with runtime().sessions() as reading:
        nobody_yet = setup.is_open(reading)
    return render_template("admin/login.html", form=LoginForm(), problem=None, nobody_yet=nobody_yet)


@blueprint.post("/login")
def log_in() -> ResponseReturnValue:
    """Check address and password; a new login gets new tokens."""
    form = LoginForm()
    if not form.validate():
        return _login_page(form, problem=None, status=422)
    try:
        operator = _check(form)
    except TooManyRequests as error:
        answer = make_response(_login_page(form, problem=str(error), status=429))
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    if operator is None:
        return _login_page(form, problem=WRONG, status=422)
    return let_in(operator, _target())


@blueprint.post("/logout")
def log_out() -> ResponseReturnValue:
    """End this login, on the server and in the browser."""
    with transaction(runtime().sessions) as writing:
        sessions.end(writing, request.cookies.get(auth.cookie_name(), ""))
    session.clear()
    response = make_response(redirect(url_for("console_entrance.login")))
    auth.forget(response)
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
    return let_in(operator, navigation.first_page())


def let_in(operator: Operator, target: str) -> ResponseReturnValue:
    """Begin a login in this browser, ending the one it had, and go on to a page."""
    with transaction(runtime().sessions) as writing:
        sessions.end(writing, request.cookies.get(auth.cookie_name(), ""))
        token = sessions.start(writing, operator, ip=request.remote_addr, now=now())
    flashes = session.get("_flashes")
    session.clear()  # a CSRF token that was known before the login is worth nothing after it
    if flashes:
        session["_flashes"] = flashes
    response = make_response(redirect(target))
    auth.remember(response, token, operator)
    return response


def _check(form: LoginForm) -> Operator | None:
    with transaction(runtime().sessions) as writing:
        return logins.sign_in(
            writing,
            form.email.data or "",
            form.password.data or "",
            network=network_of(visitor_ip()),
            known_operator_id=auth.known_operator_id(),
            hash_address=runtime().hash_address,
            now=now(),
        )


def _read(token: str) -> tuple[int, int]:
    payload = runtime().tokens.read(Purpose.INVITATION, token, now=now())
    if len(payload) != 2:
        raise BadToken("This link is not complete, or was changed on its way.")
    return int(payload[0]), int(payload[1])


def _target() -> str:
    return auth.safe_path(request.args.get("next", "")) or navigation.first_page()


def _login_page(form: LoginForm, *, problem: str | None, status: int) -> tuple[str, int]:
    return render_template("admin/login.html", form=form, problem=problem, nobody_yet=False), status


def _invitation_page(form: InvitationForm, operator: Operator) -> str:
    return render_template("admin/invitation.html", form=form, invited=operator)
