"""The second step of a login: a code of the app, a recovery code, or a passkey."""

import hmac

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from service.db import transaction
from service.errors import BadToken, InvalidInput, TooManyRequests
from service.operators import factors, passkeys
from service.operators.forgotten import mark_of
from service.operators.models import Operator
from service.operators.sealing import Sealer
from service.tokens import Purpose
from service.web.admin import auth, challenges, login_cookie, page
from service.web.admin.fields import ConsoleForm
from service.web.admin.letting_in import let_in, target_after
from service.web.context import now, runtime

blueprint = Blueprint("console_second_step", __name__, url_prefix="/console/login")
auth.dress(blueprint)

_KEPT_AS = "second_step"
WRONG = "This code is not right, or was used already. Wait for the next one."


class CodeForm(ConsoleForm):
    code = StringField("Code")


def begin(operator: Operator) -> ResponseReturnValue:
    """Ask for the second factor; the right password is remembered for ten minutes, and while it holds."""
    session[_KEPT_AS] = runtime().tokens.make(Purpose.SECOND_STEP, [operator.id, mark_of(operator)], at=now())
    return redirect(url_for("console_second_step.show", next=request.args.get("next")))


@blueprint.get("/second")
def show() -> ResponseReturnValue:
    operator = _who_waits()
    return _to_login() if operator is None else _page(CodeForm(formdata=None), operator)


@blueprint.post("/second")
def check() -> ResponseReturnValue:
    """Take the code."""
    form, operator = CodeForm(), _who_waits()
    if operator is None:
        return _to_login()
    try:
        with transaction(runtime().sessions) as writing:
            by = factors.check_code(
                writing,
                writing.get_one(Operator, operator.id),
                form.code.data or "",
                origin=login_cookie.origin(),
                sealer=Sealer(runtime().settings.secret_keys),
                hash_address=runtime().hash_address,
                now=now(),
            )
    except TooManyRequests as error:
        answer = make_response(_page(form, operator, problem=str(error)), 429)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    if by is None:
        return _page(form, operator, problem=WRONG), 422
    return let_in(operator, target_after(), by=f"a password and {by}")


@blueprint.get("/passkey")
def passkey_options() -> ResponseReturnValue:
    """Give the browser a challenge: for the account that waits or is logged in, else for any passkey."""
    login, waiting = auth.find_login(), _who_waits()
    operator_id = login.operator_id if login else waiting.id if waiting else None
    with runtime().sessions() as reading:
        return challenges.to_use(reading, operator_id=operator_id)


@blueprint.post("/passkey")
def log_in_by_passkey() -> ResponseReturnValue:
    """Log in without a password: the passkey has asked who holds it."""
    waiting = _who_waits()
    try:
        with transaction(runtime().sessions) as writing:
            operator = challenges.verify(writing, operator_id=waiting.id if waiting else None)
    except InvalidInput as error:
        page.warn(str(error))
        where = "console_second_step.show" if waiting else "console_entrance.login"
        return redirect(url_for(where, next=request.args.get("next")))
    return let_in(operator, target_after(), by="a password and a passkey" if waiting else "a passkey")


def _who_waits() -> Operator | None:
    """Return whose right password was given in this browser; None when it was long ago or has changed."""
    try:
        operator_id, mark = runtime().tokens.read(Purpose.SECOND_STEP, session.get(_KEPT_AS, ""), now=now())
    except (BadToken, ValueError):
        return None
    with runtime().sessions() as reading:
        operator = reading.get(Operator, int(operator_id))
    if operator is None or operator.disabled_at is not None:
        return None
    return operator if hmac.compare_digest(mark_of(operator), str(mark)) else None


def _to_login() -> ResponseReturnValue:
    page.warn("That took too long. Please begin again.")
    return redirect(url_for("console_entrance.login", next=request.args.get("next")))


def _page(form: CodeForm, operator: Operator, *, problem: str = "") -> str:
    with runtime().sessions() as reading:
        found = factors.of(reading, operator.id)
    return render_template(
        "admin/second_step.html",
        form=form,
        email=operator.email,
        found=found,
        has_passkeys=found.passkeys > 0 and passkeys.site(runtime().settings.base_url) is not None,
        problem=problem,
        after=target_after(default=""),
    )
