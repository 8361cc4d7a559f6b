"""Challenges for passkeys: random, signed for five minutes, and answered once."""

import json
import secrets
from datetime import UTC, datetime, timedelta

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.errors import BadToken, InvalidInput, NotFound
from service.operators import passkeys
from service.operators.models import Operator
from service.operators.passkeys import Site
from service.tokens import Purpose
from service.web.context import now, runtime


def site() -> Site:
    """Return the name that passkeys are bound to.

    :raises NotFound: PUBLIC_URL is not one for which browsers make passkeys.
    """
    found = passkeys.site(runtime().settings.base_url)
    if found is None:
        raise NotFound("Passkeys need an address with a name and HTTPS; PUBLIC_URL has none.")
    return found


def to_use(session: Session, *, operator_id: int | None) -> ResponseReturnValue:
    """Answer with what the browser needs to use a passkey."""
    text = secrets.token_urlsafe(32)
    options = passkeys.options_to_use(
        session, site(), passkeys.challenge_bytes(text), operator_id=operator_id
    )
    return _answer(options, text)


def to_add(session: Session, operator: Operator) -> ResponseReturnValue:
    """Answer with what the browser needs to make one."""
    text = secrets.token_urlsafe(32)
    return _answer(passkeys.options_to_add(session, operator, site(), passkeys.challenge_bytes(text)), text)


def verify(session: Session, *, operator_id: int | None) -> Operator:
    """Return whose passkey answered in this request's form.

    :raises InvalidInput: it does not hold, or took too long.
    """
    challenge, asked_at = read()
    return passkeys.verify(
        session,
        request.form.get("passkey", ""),
        challenge=challenge,
        asked_at=asked_at,
        place=site(),
        operator_id=operator_id,
        now=now(),
    )


def read() -> tuple[bytes, datetime]:
    """Return the challenge that this request's form answers, and when it was given out."""
    token = request.form.get("passkey_challenge", "")
    try:
        text, microseconds = runtime().tokens.read(Purpose.CHALLENGE, token, now=now())
    except (BadToken, ValueError):
        raise InvalidInput("That took too long. Please try the passkey again.", field="passkey") from None
    asked_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(microseconds))
    return passkeys.challenge_bytes(str(text)), asked_at


def _answer(options: str, text: str) -> ResponseReturnValue:
    microseconds = (now() - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    token = runtime().tokens.make(Purpose.CHALLENGE, [text, microseconds], at=now())
    return {"options": json.loads(options), "challenge": token}
