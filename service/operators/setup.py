"""The first run: whoever holds this token may create the first account."""

import hmac

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.operators.queries import has_any
from service.settings import Settings


def setup_token(settings: Settings) -> str:
    """Return the token of the set-up page; derived from the secret key, so that it is stored nowhere."""
    key = settings.secret_key.get_secret_value().encode()
    return hmac.digest(key, b"broadsheet.setup", "sha256").hex()[:32]


def is_setup_token(settings: Settings, token: str) -> bool:
    return hmac.compare_digest(setup_token(settings).encode(), token.encode("utf-8", "replace"))


def is_open(session: Session) -> bool:
    """Say whether there is no account yet."""
    return not has_any(session)


def claim(session: Session) -> bool:
    """The same, and until the transaction ends nobody else is told yes."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('broadsheet.setup', 0))"))
    return is_open(session)
