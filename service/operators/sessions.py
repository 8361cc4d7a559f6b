"""Logins that live on the server: the cookie holds a random token, the row its hash (standards 167)."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from service.operators.models import Operator, OperatorSession

#: Ends a login that nobody uses, and one that has been used for long.
IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
#: `last_seen_at` moves at most this often, so that reading pages writes next to nothing.
_TOUCH = timedelta(minutes=1)


def start(session: Session, operator: Operator, *, ip: str | None, now: datetime) -> str:
    """Begin a login and return its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    session.add(
        OperatorSession(
            token_hash=fingerprint(token),
            operator_id=operator.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
            ip=ip,
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, *, now: datetime) -> OperatorSession | None:
    """Return the live login of a token and note that it was seen; None when it is over."""
    row = session.get(OperatorSession, fingerprint(token))
    if row is None or row.expires_at <= now or row.last_seen_at <= now - IDLE:
        return None
    if row.operator.disabled_at is not None:
        return None
    if row.last_seen_at < now - _TOUCH:
        row.last_seen_at = now
    return row


def list_for(session: Session, operator_id: int, *, now: datetime) -> list[OperatorSession]:
    """Return an operator's live logins, the latest used first."""
    return list(
        session.scalars(
            select(OperatorSession)
            .where(
                OperatorSession.operator_id == operator_id,
                OperatorSession.expires_at > now,
                OperatorSession.last_seen_at > now - IDLE,
            )
            .order_by(OperatorSession.last_seen_at.desc())
        )
    )


def end(session: Session, token: str) -> None:
    """Log one browser out."""
    session.execute(delete(OperatorSession).where(OperatorSession.token_hash == fingerprint(token)))


def end_all(session: Session, operator_id: int, *, keep: bytes | None = None) -> int:
    """Log an operator out everywhere, except in the login whose hash is kept; return how many ended."""
    ended = session.execute(
        delete(OperatorSession)
        .where(OperatorSession.operator_id == operator_id, OperatorSession.token_hash != (keep or b""))
        .returning(OperatorSession.token_hash)
    )
    return len(ended.all())


def purge(session: Session, *, now: datetime) -> None:
    """Delete the rows of logins that are over."""
    session.execute(
        delete(OperatorSession).where(
            or_(OperatorSession.expires_at <= now, OperatorSession.last_seen_at <= now - IDLE)
        )
    )


def fingerprint(token: str) -> bytes:
    """The hash under which a token is stored; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
