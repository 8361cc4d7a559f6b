"""Daily salts: they let us tell a second click from a first, and nobody from anybody after two days."""

import hashlib
import secrets
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.popularity.models import DailySalt

_KEPT = timedelta(days=2)


def visitor_hash(session: Session, *, ip: str, user_agent: str, now: datetime) -> bytes:
    """Hash an address and user agent with the salt of this UTC day."""
    parts = (_salt(session, now.astimezone(UTC).date()), ip.encode(), user_agent.encode(errors="replace"))
    # Each part is hashed by itself first, so that no two visitors can be moved into one another.
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def visitor_in_turn(session: Session, *, ip: str, user_agent: str, now: datetime) -> bytes:
    """The same; two requests of one visitor at once (a double click) come one after the other, until the
    commit.
    """
    visitor = visitor_hash(session, ip=ip, user_agent=user_agent, now=now)
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(visitor[:8], signed=True))))
    return visitor


def forget_salts(session: Session, *, now: datetime) -> int:
    """Delete the salts of past days; return how many."""
    oldest = (now.astimezone(UTC) - _KEPT).date()
    gone = session.scalars(delete(DailySalt).where(DailySalt.day <= oldest).returning(DailySalt.day))
    return len(gone.all())


def _salt(session: Session, day: date) -> bytes:
    found = session.scalar(select(DailySalt.salt).where(DailySalt.day == day))
    if found is not None:
        return found
    # Two workers at midnight: one inserts, the other waits for its commit and then reads the same salt.
    session.execute(insert(DailySalt).values(day=day, salt=secrets.token_bytes(32)).on_conflict_do_nothing())
    return session.scalars(select(DailySalt.salt).where(DailySalt.day == day)).one()
