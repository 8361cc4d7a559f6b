"""One's own second factors: an authenticator app, passkeys, recovery codes."""

import base64
import binascii
from collections.abc import Callable

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session
from wtforms import StringField

from service.db import transaction
from service.errors import ConfigurationError, Conflict, InvalidInput
from service.operators import factors, passkeys, queries, rules, totp
from service.operators.models import Operator, Role
from service.operators.sealing import Sealer
from service.web.admin import auth, challenges, page, typed
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime

blueprint = Blueprint("console_factors", __name__, url_prefix="/console/account/second-factor")
auth.protect(blueprint, change=Role.VIEWER)


class AppForm(ConsoleForm):
    code = StringField("The six digits that the app shows now")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        found = factors.of(session, auth.current_operator().id)
        keys = passkeys.list_of(session, auth.current_operator().id)
        is_required = rules.current(session).second_factor_required
    return render_template(
        "admin/factors.html",
        found=found,
        passkeys=keys,
        is_required=is_required,
        can_have_passkeys=passkeys.site(runtime().settings.base_url) is not None,
        after=typed.safe_path(request.args.get("next", "")),
    )


@blueprint.get("/app")
def app() -> ResponseReturnValue:
    """Show the QR code of a new secret; it is kept once a code of it was typed."""
    auth.require_recent()
    return _app_page(AppForm(formdata=None), factors.new_secret())


@blueprint.post("/app")
def add_app() -> ResponseReturnValue:
    auth.require_recent()
    form = AppForm()
    secret = _unsealed(request.form.get("setup", ""))
    if secret is None:
        page.warn("That page was too old. Here is a new code to scan.")
        return redirect(url_for(".app"))
    try:
        with transaction(runtime().sessions) as session:
            codes = factors.add_totp(
                session, _me(session), secret, form.code.data or "", sealer=_sealer(), keep=_here(), now=now()
            )
    except InvalidInput as error:
        form.complain(error, default="code")
        return _app_page(form, secret), 422
    return _added("The app is connected. From now on a login asks for its code.", codes)


@blueprint.post("/app/remove")
def remove_app() -> ResponseReturnValue:
    auth.require_recent()
    return _remove(
        lambda session, me: factors.remove_totp(session, me, keep=_here(), now=now()), "The app is removed."
    )


@blueprint.get("/passkeys/new")
def passkey_options() -> ResponseReturnValue:
    """Give the browser what it needs to make a passkey."""
    auth.require_recent()
    with runtime().sessions() as session:
        return challenges.to_add(session, _me(session))


@blueprint.post("/passkeys")
def add_passkey() -> ResponseReturnValue:
    auth.require_recent()
    try:
        challenge, _ = challenges.read()
        with transaction(runtime().sessions) as session:
            codes = passkeys.add(
                session,
                _me(session),
                request.form.get("passkey", ""),
                name=request.form.get("name", ""),
                challenge=challenge,
                place=challenges.site(),
                sealer=_sealer(),
                keep=_here(),
                now=now(),
            )
    except InvalidInput as error:
        page.warn(str(error))
        return redirect(url_for(".index"))
    return _added("The passkey is added. You can log in with it, without your password.", codes)


@blueprint.post("/passkeys/<int:passkey_id>/remove")
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    auth.require_recent()
    return _remove(
        lambda session, me: passkeys.remove(session, me, passkey_id, keep=_here(), now=now()),
        "The passkey is removed here. Delete it on your device too.",
    )


@blueprint.post("/recovery-codes")
def new_codes() -> ResponseReturnValue:
    """Make ten new codes and show them, once."""
    auth.require_recent()
    with transaction(runtime().sessions) as session:
        codes = factors.new_recovery_codes(session, _me(session), sealer=_sealer(), now=now())
    return render_template(
        "admin/recovery_codes.html", codes=codes, sentence="The older codes no longer work."
    )


def _remove(act: Callable[[Session, Operator], object], sentence: str) -> ResponseReturnValue:
    try:
        with transaction(runtime().sessions) as session:
            act(session, _me(session))
    except Conflict as error:
        page.warn(str(error))
    else:
        page.say(sentence)
    return redirect(url_for(".index"))


def _added(sentence: str, codes: list[str]) -> ResponseReturnValue:
    if codes:
        return render_template("admin/recovery_codes.html", codes=codes, sentence=sentence)
    page.say(sentence)
    return redirect(url_for(".index"))


def _app_page(form: AppForm, secret: bytes) -> str:
    address = totp.uri(secret, account=auth.current_operator().email, issuer="Broadsheet")
    code = segno.make(address, error="m").svg_inline(omitsize=True, border=4, dark="#1a1a1a", light="#ffffff")
    return render_template(
        "admin/factors_app.html",
        form=form,
        qr=Markup(code),  # noqa: S704  (made here, of our own text)
        secret=totp.shown(secret),
        setup=base64.urlsafe_b64encode(_sealer().seal(_bound(secret))).decode(),
    )


def _unsealed(text: str) -> bytes | None:
    """Return the secret that the form carries, if it is this operator's and ours."""
    try:
        content = _sealer().open(base64.urlsafe_b64decode(text.encode("ascii", "replace")))
    except (binascii.Error, ValueError, ConfigurationError):
        return None
    secret = content[-totp.SECRET_BYTES :]
    return secret if content == _bound(secret) and len(secret) == totp.SECRET_BYTES else None


def _bound(secret: bytes) -> bytes:
    return f"operator {auth.current_operator().id}: ".encode() + secret


def _sealer() -> Sealer:
    return Sealer(runtime().settings.secret_keys)


def _me(session: Session) -> Operator:
    return queries.get(session, auth.current_operator().id)


def _here() -> bytes | None:
    login = auth.find_login()
    return login.token_hash if login else None
