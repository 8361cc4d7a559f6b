"""Partitions of the ledger: 256 mailings each, made ahead of their first message."""

from sqlalchemy import text
from sqlalchemy.orm import Session

MAILINGS_PER_PARTITION = 256
#: Two processes that make a partition at once: the second waits, then finds it there.
ADVISORY_LOCK = 0x7061727473


def ensure(session: Session, mailing_id: int) -> None:
    """Make the partition of this mailing and the one after it, unless they exist."""
    number = mailing_id // MAILINGS_PER_PARTITION
    missing = [each for each in (number, number + 1) if not _exists(session, each)]
    if not missing:
        return
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    for each in missing:
        if not _exists(session, each):
            _make(session, each)


def _exists(session: Session, number: int) -> bool:
    # Not to_regclass: it remembers that there was no such table, and may miss one made a moment ago.
    found = session.scalar(
        text(
            "SELECT 1 FROM pg_class WHERE relname = :name "
            "AND relnamespace = to_regnamespace(current_schema())"
        ),
        {"name": _name(number)},
    )
    return found is not None


def _make(session: Session, number: int) -> None:
    # CREATE TABLE ... PARTITION OF would lock the whole ledger against readers; ATTACH does not.
    first = number * MAILINGS_PER_PARTITION
    session.execute(text(f"CREATE TABLE {_name(number)} (LIKE messages INCLUDING ALL)"))
    session.execute(
        text(
            f"ALTER TABLE messages ATTACH PARTITION {_name(number)} "
            f"FOR VALUES FROM ({first}) TO ({first + MAILINGS_PER_PARTITION})"
        )
    )


def _name(number: int) -> str:
    return f"messages_p{number}"
