"""Counts who is due at the slots ahead, and who reads what at which rhythm: what the desk's pages add up.

A million readers have a few thousand different schedules: one pass groups them, the calendar of each is
worked out once, and pages read some hundred rows. Done again it counts again.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, delete, func, insert, select, text
from sqlalchemy.orm import Session

from service.digests.models import ReaderTally, SlotTally
from service.digests.selection.values import EVERYWHERE
from service.newsletters.models import Rhythm
from service.subscribers import reach, schedule

#: How far ahead slots are counted: a day more than the calendar shows, for readers whose day is behind ours.
AHEAD = timedelta(days=15)
#: Pages ask for a new count when the last one is older.
STALE = timedelta(minutes=10)

_SCHEDULES = text(
    """
    SELECT newsletter_id, rhythm, weekday, hour, time_zone, next_due_at,
        CASE WHEN paused_until > :today THEN paused_until END AS paused_until, count(*) AS readers
    FROM subscriptions
    WHERE state = 'active' AND NOT first_digest_pending AND next_due_at IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    """
)
_OF_TOPICS = text(
    """
    SELECT newsletter_id, unnest(topic_ids) AS topic_id, rhythm, count(*) AS readers
    FROM subscriptions WHERE state = 'active' GROUP BY 1, 2, 3
    """
)
_OF_NEWSLETTERS = text(
    """
    SELECT newsletter_id, rhythm, count(*) AS readers
    FROM subscriptions WHERE state = 'active' GROUP BY 1, 2
    """
)


class _Slot(NamedTuple):
    newsletter_id: int
    rhythm: Rhythm
    day: date
    slot_at: datetime


def count(session: Session, *, now: datetime) -> None:
    """Count the slots of the next fortnight, and the readers of every topic and rhythm."""
    # Two workers at once would delete and insert the same keys.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("broadsheet.desk"))))
    slots: Counter[_Slot] = Counter()
    for row in session.execute(_SCHEDULES, {"today": now.date()}):
        for day, slot_at in _calendar(row, now=now):
            slots[_Slot(row.newsletter_id, Rhythm(row.rhythm), day, slot_at)] += row.readers
    session.execute(delete(SlotTally))
    if slots:
        rows = [each._asdict() | {"readers": n, "counted_at": now} for each, n in sorted(slots.items())]
        session.execute(insert(SlotTally), rows)
    session.execute(delete(ReaderTally))
    found = [
        {
            "newsletter_id": row.newsletter_id,
            "topic_id": EVERYWHERE,
            "rhythm": row.rhythm,
            "readers": row.readers,
        }
        for row in session.execute(_OF_NEWSLETTERS)
    ]
    found += [dict(row) for row in session.execute(_OF_TOPICS).mappings()]
    if found:
        session.execute(insert(ReaderTally), [row | {"counted_at": now} for row in found])


def readers_of(session: Session, newsletter_id: int, *, topic_id: int = EVERYWHERE) -> dict[Rhythm, int]:
    """Return how many active readers each rhythm had when they were last counted."""
    rows = session.execute(
        select(ReaderTally.rhythm, ReaderTally.readers).where(
            ReaderTally.newsletter_id == newsletter_id, ReaderTally.topic_id == topic_id
        )
    )
    return dict(rows.all())


def readers_of_topics(session: Session, newsletter_id: int) -> dict[int, int]:
    """Return how many active readers chose each topic when they were last counted."""
    rows = session.execute(
        select(ReaderTally.topic_id, func.sum(ReaderTally.readers))
        .where(ReaderTally.newsletter_id == newsletter_id, ReaderTally.topic_id != EVERYWHERE)
        .group_by(ReaderTally.topic_id)
    )
    return {topic_id: int(n) for topic_id, n in rows}


def counted_at(session: Session) -> datetime | None:
    """Return when everything was last counted; None when it never was, or there is no reader."""
    return session.scalar(select(func.max(ReaderTally.counted_at)))


def _calendar(row: Row[Any], *, now: datetime) -> list[tuple[date, datetime]]:
    """Return the slots of one schedule with the readers' own days, without those of their pause."""
    zone, rhythm = reach.known_zone(row), Rhythm(row.rhythm)
    found = []
    slot: datetime = row.next_due_at
    while slot < now + AHEAD:
        day = schedule.local_date(slot, time_zone=zone)
        if slot > now and (row.paused_until is None or day >= row.paused_until):
            found.append((day, slot))
        slot = schedule.next_due(
            rhythm, weekday=row.weekday, hour=row.hour, time_zone=zone, after=max(slot, now)
        )
    return found
