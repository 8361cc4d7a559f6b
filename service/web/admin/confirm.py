"""Proving once more who is there: with the password, or a passkey."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.errors import InvalidInput, TooManyRequests
from service.operators import login, sessions
from service.operators.models import Operator, Role
from service.web.admin import auth, challenges, login_cookie, navigation, recent, typed
from service.web.admin.recent import ConfirmForm
from service.web.context import now, runtime

blueprint = Blueprint("console_confirm", __name__, url_prefix="/console/confirm")
auth.protect(blueprint, change=Role.VIEWER)

#: Fields of this page; what else is in the form belongs to the one that it carries.
_OWN = frozenset({"csrf_token", "sudo_password", "sudo_again", "passkey", "passkey_challenge"})


@blueprint.get("")
def show() -> ResponseReturnValue:
    target = typed.safe_path(request.args.get("next", "")) or navigation.first_page()
    return recent.page(ConfirmForm(formdata=None), target=target, fields=[], again=False)


@blueprint.post("")
def confirm() -> ResponseReturnValue:
    """Check, note it at this login, and do what was asked."""
    target = typed.safe_path(request.args.get("next", "")) or navigation.first_page()
    again = "sudo_again" in request.form
    operator = auth.current_operator()
    try:
        with transaction(runtime().sessions) as session:
            is_right = _is_right(session, operator)
            if is_right:
                sessions.verify_again(session, _token_hash(), now=now())
    except (InvalidInput, TooManyRequests) as error:
        is_right, problem = False, str(error)
    else:
        problem = "This is not your password."
    if is_right:
        # 307: the browser sends the same form on, and the page it was meant for takes its fields.
        return redirect(target, 307 if again else 302)
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in _OWN]
    form = ConfirmForm(formdata=None)
    return recent.page(form, target=target, fields=fields, again=again, problem=problem), 422


def _is_right(session: Session, operator: Operator) -> bool:
    if request.form.get("passkey"):
        challenges.verify(session, operator_id=operator.id)
        return True
    found = login.check_password(
        session,
        operator.email,
        request.form.get("sudo_password", ""),
        origin=login_cookie.origin(),
        hash_address=runtime().hash_address,
        now=now(),
    )
    return found is not None and found.id == operator.id


def _token_hash() -> bytes:
    return sessions.fingerprint(login_cookie.token_here())
