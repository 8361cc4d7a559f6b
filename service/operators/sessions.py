"""Logins that live on the server: the cookie holds a random token, the row its hash (standards 167)."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from service.operators import rules
from service.operators.models import Ending, Operator, OperatorSession

#: Accounts are changed, and readers exported or erased, only so soon after a proof of who is there.
RECENT = timedelta(minutes=5)
#: `last_seen_at` moves at most this often, so that reading pages writes next to nothing.
_TOUCH = timedelta(minutes=1)
#: A login that is over is kept so long, to tell its browser why and to know whose form came too late.
_REMEMBERED = timedelta(days=1)
_LONGEST_AGENT = 300


def start(
    session: Session, operator: Operator, *, ip: str | None, user_agent: str = "", now: datetime
) -> str:
    """Begin a login and return its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    session.add(
        OperatorSession(
            token_hash=fingerprint(token),
            operator_id=operator.id,
            created_at=now,
            last_seen_at=now,
            verified_at=now,
            expires_at=now + rules.longest(rules.current(session)),
            ip=ip,
            user_agent=user_agent.replace("\0", "")[:_LONGEST_AGENT],
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, *, now: datetime) -> OperatorSession | None:
    """Return the live login of a token and note that it was seen; None when it is over."""
    row = find_any(session, token)
    if row is None or not _is_live(session, row, now=now):
        return None
    if row.last_seen_at < now - _TOUCH:
        row.last_seen_at = now
    return row


def find_any(session: Session, token: str) -> OperatorSession | None:
    """Return the login of a token, also one that has been over for less than a day."""
    return session.get(OperatorSession, fingerprint(token))


def list_for(session: Session, operator_id: int, *, now: datetime) -> list[OperatorSession]:
    """Return an operator's live logins, the latest used first."""
    limits = rules.current(session)
    return list(
        session.scalars(
            select(OperatorSession)
            .where(
                OperatorSession.operator_id == operator_id,
                OperatorSession.ended_at.is_(None),
                OperatorSession.expires_at > now,
                OperatorSession.created_at > now - rules.longest(limits),
                OperatorSession.last_seen_at > now - rules.idle(limits),
            )
            .order_by(OperatorSession.last_seen_at.desc())
        )
    )


def is_recent(login: OperatorSession, *, now: datetime) -> bool:
    """Say whether somebody proved a short while ago that it is them."""
    return login.verified_at > now - RECENT


def verify_again(session: Session, token_hash: bytes, *, now: datetime) -> None:
    """Note that the person at this login has proved once more who they are."""
    session.execute(
        update(OperatorSession).where(OperatorSession.token_hash == token_hash).values(verified_at=now)
    )


def end(session: Session, token: str, *, now: datetime) -> None:
    """Log one browser out."""
    _end(session, OperatorSession.token_hash == fingerprint(token), why=Ending.LOGGED_OUT, now=now)


def end_one(session: Session, operator_id: int, token_hash: bytes, *, now: datetime) -> bool:
    """End one login of an operator from another one; say whether it was theirs and still live."""
    mine = (OperatorSession.operator_id == operator_id) & (OperatorSession.token_hash == token_hash)
    return _end(session, mine, why=Ending.EVERYWHERE, now=now) > 0


def end_all(
    session: Session, operator_id: int, *, why: Ending, now: datetime, keep: bytes | None = None
) -> int:
    """Log an operator out everywhere, except in the login whose hash is kept; return how many ended."""
    others = (OperatorSession.operator_id == operator_id) & (OperatorSession.token_hash != (keep or b""))
    return _end(session, others, why=why, now=now)


def purge(session: Session, *, now: datetime) -> None:
    """Delete the rows of logins that have been over for a day."""
    idle = rules.idle(rules.current(session))
    session.execute(
        delete(OperatorSession).where(
            or_(
                OperatorSession.expires_at <= now - _REMEMBERED,
                OperatorSession.ended_at <= now - _REMEMBERED,
                OperatorSession.last_seen_at <= now - idle - _REMEMBERED,
            )
        )
    )


def fingerprint(token: str) -> bytes:
    """The hash under which a token is stored; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _is_live(session: Session, row: OperatorSession, *, now: datetime) -> bool:
    if row.ended_at is not None or row.operator.disabled_at is not None or row.expires_at <= now:
        return False
    limits = rules.current(session)
    return row.last_seen_at > now - rules.idle(limits) and row.created_at > now - rules.longest(limits)


def _end(session: Session, which: ColumnElement[bool], *, why: Ending, now: datetime) -> int:
    ended = session.scalars(
        update(OperatorSession)
        .where(which, OperatorSession.ended_at.is_(None))
        .values(ended_at=now, ended_by=why)
        .returning(OperatorSession.token_hash)
    )
    return len(ended.all())
