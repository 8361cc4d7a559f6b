"""A forgotten password: asked for at the login page, chosen anew behind a link from a mail."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import EmailField, PasswordField

from service.db import transaction
from service.dispatch import TaskName
from service.errors import BadToken, InvalidInput
from service.operators import forgotten
from service.tokens import Purpose
from service.web.admin import auth, login_cookie, page
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime

blueprint = Blueprint("console_forgotten", __name__, url_prefix="/console")
auth.dress(blueprint)

#: The same for every address.
SAID = (
    "If there is an account with this address, a letter is on its way to it. "
    "The link in it works for an hour. Nothing arrives? An administrator can help."
)


class ForgottenForm(ConsoleForm):
    email = EmailField("E-mail address")


class NewPasswordForm(ConsoleForm):
    password = PasswordField("New password")


@blueprint.get("/forgotten")
def show() -> ResponseReturnValue:
    return render_template("admin/forgotten.html", form=ForgottenForm(formdata=None), problem="")


@blueprint.post("/forgotten")
def ask() -> ResponseReturnValue:
    """Send the letter, if there is such an account; the answer does not tell."""
    form = ForgottenForm()
    if not (form.email.data or "").strip():
        return render_template("admin/forgotten.html", form=form, problem="Enter your e-mail address."), 422
    with transaction(runtime().sessions) as session:
        forgotten.ask(
            session,
            form.email.data or "",
            origin=login_cookie.origin(),
            hash_address=runtime().hash_address,
            now=now(),
        )
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    page.say(SAID)
    return redirect(url_for("console_entrance.login"))


@blueprint.get("/password/<token>")
def new_password(token: str) -> ResponseReturnValue:
    """Show the form; nothing changes."""
    operator_id, mark = _read(token)
    with runtime().sessions() as session:
        operator = forgotten.find(session, operator_id, mark)
    return _page(NewPasswordForm(formdata=None), operator.email)


@blueprint.post("/password/<token>")
def choose(token: str) -> ResponseReturnValue:
    """Set the new password; the second factor is asked for at the login that follows."""
    operator_id, mark = _read(token)
    form = NewPasswordForm()
    try:
        with transaction(runtime().sessions) as session:
            forgotten.choose(session, operator_id, mark, password=form.password.data or "", now=now())
    except InvalidInput as error:
        form.complain(error, default="password")
        with runtime().sessions() as session:
            operator = forgotten.find(session, operator_id, mark)
        return _page(form, operator.email), 422
    page.say("Your new password holds. You are logged out everywhere; log in with it now.")
    return redirect(url_for("console_entrance.login"))


def _read(token: str) -> tuple[int, str]:
    payload = runtime().tokens.read(Purpose.PASSWORD, token, now=now())
    if len(payload) != 2:
        raise BadToken("This link is not complete, or was changed on its way.")
    return int(payload[0]), str(payload[1])


def _page(form: NewPasswordForm, email: str) -> str:
    return render_template("admin/new_password.html", form=form, email=email)
