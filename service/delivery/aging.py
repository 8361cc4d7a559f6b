"""What becomes of old mail: whole partitions leave at once, the rest in slices; the counters stay.

Deleting under `broadsheet.retention` leaves the counters alone (docs/adr/0012): a mailing of the year before
last still adds up when its messages are gone.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.delivery import partitions

#: Rows per call of `delete_slice`: a fraction of a second.
SLICE = 5_000
#: Taking a partition away needs the whole ledger for a moment: rather another time than mail that waits.
LOCK_TIMEOUT = "200ms"

_ENDED = "state IN ('finished', 'stopped') AND finished_at < :before"


def settle_unknown(session: Session, *, before: datetime, now: datetime) -> int:
    """Leave what nobody decided in mailings that ended before; return how many messages that were."""
    settled = session.execute(
        text(
            f"""
            UPDATE messages AS m SET reason = 'left', state_at = :now, owner = NULL
            FROM (SELECT id FROM mailings WHERE {_ENDED}) AS g
            WHERE m.mailing_id = g.id AND m.state = 'unknown' AND m.reason <> 'left'
            RETURNING 1
            """  # noqa: S608  # built from constants
        ),
        {"before": before, "now": now},
    )
    return len(settled.all())


def list_over(session: Session, *, before: datetime) -> list[int]:
    """Return the partitions that nothing can be added to and all of whose mailings ended before.

    A later mailing, as old, proves that no number of theirs will be drawn any more.
    """
    attached = session.scalars(
        text(
            "SELECT CAST(substring(CAST(inhrelid AS regclass)::text FROM '_p([0-9]+)$') AS bigint) "
            "FROM pg_inherits WHERE inhparent = to_regclass('messages') ORDER BY 1"
        )
    ).all()
    over = text(
        f"""
        SELECT NOT EXISTS (SELECT 1 FROM mailings
                           WHERE id >= :first AND id < :last AND ({_ENDED}) IS NOT TRUE)
           AND EXISTS (SELECT 1 FROM mailings WHERE id >= :last AND created_at < :before)
        """  # noqa: S608  # built from constants
    )
    size = partitions.MAILINGS_PER_PARTITION
    return [
        number
        for number in attached
        if session.scalar(over, {"first": number * size, "last": (number + 1) * size, "before": before})
    ]


def detach(session: Session, number: int) -> None:
    """Take a partition out of the ledger; `drop_detached` deletes it, without holding anybody up.

    :raises OperationalError: the ledger was busy; nothing has changed, try again later.
    """
    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    for table in partitions.TABLES:
        session.execute(text(f"ALTER TABLE {table} DETACH PARTITION {partitions.name(table, number)}"))


def drop_detached(session: Session) -> list[str]:
    """Delete partitions that were taken out, also by a process that died since; return their names."""
    names = session.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition "
            "AND relname ~ :pattern AND relnamespace = to_regnamespace(current_schema()) ORDER BY 1"
        ),
        {"pattern": f"^({'|'.join(partitions.TABLES)})_p[0-9]+$"},
    ).all()
    for each in names:
        session.execute(text(f"DROP TABLE {each}"))
    return list(names)


def delete_slice(session: Session, *, before: datetime) -> int:
    """Delete some messages, with their tries, of mailings that ended before; return how many."""
    session.execute(text("SET LOCAL broadsheet.retention = 'yes'"))
    gone = session.scalar(
        text(
            f"""
            WITH old AS (
                SELECT m.mailing_id, m.id FROM (SELECT id FROM mailings WHERE {_ENDED} ORDER BY id) AS g
                CROSS JOIN LATERAL (
                    SELECT mailing_id, id FROM messages WHERE mailing_id = g.id ORDER BY id LIMIT :limit
                ) AS m
                LIMIT :limit
            ), tries AS (
                DELETE FROM attempts AS a USING old
                WHERE a.mailing_id = old.mailing_id AND a.message_id = old.id
            ), gone AS (
                DELETE FROM messages AS m USING old
                WHERE m.mailing_id = old.mailing_id AND m.id = old.id RETURNING 1
            )
            SELECT count(*) FROM gone
            """  # noqa: S608  # built from constants
        ),
        {"before": before, "limit": SLICE},
    )
    session.execute(text("SET LOCAL broadsheet.retention = 'no'"))
    return int(gone or 0)


def forget_events(session: Session, *, before: datetime) -> int:
    """Delete bounces and complaints that came before; the suppressions they led to stay."""
    gone = session.execute(text("DELETE FROM events WHERE at < :before RETURNING 1"), {"before": before})
    return len(gone.all())
