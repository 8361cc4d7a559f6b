"""Before accounts change, or readers are exported or erased: is it still you? Asked once in five minutes."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField

from service.operators import passkeys, sessions
from service.web.admin import login_cookie
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime


class ConfirmationNeeded(Exception):
    """Raised by `auth.require_recent`; the answer is a page that asks for the password or a passkey."""


class ConfirmForm(ConsoleForm):
    sudo_password = PasswordField("Your password")


def require() -> None:
    """Go on only if the operator proved who they are within the last five minutes.

    :raises ConfirmationNeeded: they did not; the page that follows does what was asked once they have.
    """
    login = login_cookie.find_login()
    if login is None or not sessions.is_recent(login, now=now()):
        raise ConfirmationNeeded


def ask(_needed: Exception) -> ResponseReturnValue:
    """Ask; the form carries what was sent, and the browser sends it on after the answer (status 307)."""
    if request.method != "POST":
        return redirect(url_for("console_confirm.show", next=request.full_path.rstrip("?")))
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    return page(
        ConfirmForm(formdata=None), target=request.full_path.rstrip("?"), fields=fields, again=True
    ), 403


def page(
    form: ConfirmForm, *, target: str, fields: list[tuple[str, str]], again: bool, problem: str = ""
) -> str:
    return render_template(
        "admin/confirm.html",
        form=form,
        target=target,
        fields=fields,
        again=again,
        problem=problem,
        has_passkeys=_has_passkeys(),
    )


def _has_passkeys() -> bool:
    login = login_cookie.find_login()
    if login is None or passkeys.site(runtime().settings.base_url) is None:
        return False
    with runtime().sessions() as session:
        return bool(passkeys.list_of(session, login.operator_id))
