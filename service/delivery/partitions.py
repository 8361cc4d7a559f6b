"""Partitions of the ledger: 256 mailings each, made ahead of their first message."""

from sqlalchemy import text
from sqlalchemy.orm import Session

MAILINGS_PER_PARTITION = 256
#: What is split alike, and leaves together.
TABLES = ("messages", "attempts")
#: Two processes that make a partition at once: the second waits, then finds it there.
ADVISORY_LOCK = 0x7061727473
#: Each mail leaves two dead rows behind: a queue whose head is cleared late is walked through at each claim.
STORAGE = "autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05"


def ensure(session: Session, mailing_id: int) -> None:
    """Make the partitions of this mailing and the ones after them, unless they exist."""
    number = number_of(mailing_id)
    missing = [each for each in (number, number + 1) if not _exists(session, each)]
    if not missing:
        return
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    for each in missing:
        if not _exists(session, each):
            for table in TABLES:
                _make(session, table, each)


def number_of(mailing_id: int) -> int:
    """Return which partition a mailing's rows are in."""
    return mailing_id // MAILINGS_PER_PARTITION


def name(table: str, number: int) -> str:
    return f"{table}_p{number}"


def _exists(session: Session, number: int) -> bool:
    # Not to_regclass: it remembers that there was no such table, and may miss one made a moment ago.
    found = session.scalar(
        text(
            "SELECT 1 FROM pg_class WHERE relname = :name "
            "AND relnamespace = to_regnamespace(current_schema())"
        ),
        {"name": name(TABLES[0], number)},
    )
    return found is not None


def _make(session: Session, table: str, number: int) -> None:
    # CREATE TABLE ... PARTITION OF would lock the whole ledger against readers; ATTACH does not.
    first = number * MAILINGS_PER_PARTITION
    part = name(table, number)
    session.execute(text(f"CREATE TABLE {part} (LIKE {table} INCLUDING ALL) WITH ({STORAGE})"))
    session.execute(
        text(
            f"ALTER TABLE {table} ATTACH PARTITION {part} "
            f"FOR VALUES FROM ({first}) TO ({first + MAILINGS_PER_PARTITION})"
        )
    )
