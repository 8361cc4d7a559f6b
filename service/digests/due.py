"""Who is due: plain rows, locked slice by slice in the order of the tables; no planner waits for another."""

from collections.abc import Collection
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.digests import slots
from service.digests.slots import Slot
from service.newsletters.models import Rhythm
from service.subscribers import reach
from service.subscribers.models import Subscription, SubscriptionState

#: Where a planner goes on: the slot and the id of the last reader it took.
Position = tuple[datetime, int]

# Arrays as text: a reader's topics are read once per group.
_LOCK = """
    SELECT id, subscriber_id, newsletter_id, CAST(topic_ids AS text), CAST(excluded_topic_ids AS text),
        CAST(excluded_source_ids AS text), explore, max_items, enough_items, rhythm, weekday, hour, time_zone,
        paused_until, next_due_at, watermark, last_digest_on, locale
    FROM subscriptions
    WHERE newsletter_id = :newsletter_id AND state = 'active' AND NOT first_digest_pending
      AND next_due_at <= :now {after}
    ORDER BY next_due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
"""
_FIRST = text(_LOCK.format(after=""))
_NEXT = text(_LOCK.format(after="AND (next_due_at, id) > (:slot_at, :id)"))


class DueReader(NamedTuple):
    """A subscription that is locked for planning, in the order of the query."""

    id: int
    subscriber_id: int
    newsletter_id: int
    topics: str
    excluded: str
    muted: str
    explore: bool
    max_items: int | None
    enough_items: int
    rhythm: Rhythm
    weekday: int
    hour: int
    time_zone: str
    paused_until: date | None
    next_due_at: datetime
    watermark: int
    last_digest_on: date | None
    locale: str

    @property
    def topic_ids(self) -> list[int]:
        return list(_ids(self.topics))

    @property
    def excluded_topic_ids(self) -> list[int]:
        return list(_ids(self.excluded))

    @property
    def excluded_source_ids(self) -> list[int]:
        return list(_ids(self.muted))

    @property
    def position(self) -> Position:
        return self.next_due_at, self.id


class Turn(NamedTuple):
    """What becomes of everybody with one schedule: the slot, or None while they pause; and when next."""

    slot: Slot | None
    #: ISO 8601
    next_due_at: str


class Timetable:
    """Answers once per schedule what would cost more per reader than everything else."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._turns: dict[tuple[object, ...], Turn] = {}

    def turn(self, reader: DueReader) -> Turn:
        # All that schedules depend on, in the order of the row.
        key = reader[9:15]
        found = self._turns.get(key)
        if found is None:
            found = self._turns[key] = self._turn(reader)
        return found

    def _turn(self, reader: DueReader) -> Turn:
        reader = reader._replace(rhythm=Rhythm(reader.rhythm))
        if reach.is_paused(reader, now=self._now):
            return Turn(None, slots.after_pause(reader, now=self._now).isoformat())
        following = slots.following(reader, after=self._now)
        return Turn(slots.slot_of(reader, now=self._now), following.isoformat())


def lock_slice(
    session: Session, newsletter_id: int, *, after: Position | None, limit: int, now: datetime
) -> list[DueReader]:
    """Lock the next due readers behind a position, without those whom another planner holds."""
    values: dict[str, object] = {"newsletter_id": newsletter_id, "now": now, "limit": limit}
    if after is None:
        rows = session.execute(_FIRST, values)
    else:
        rows = session.execute(_NEXT, values | {"slot_at": after[0], "id": after[1]})
    return [DueReader._make(row) for row in rows.all()]


def due_slots(session: Session, newsletter_ids: Collection[int], *, now: datetime) -> dict[Slot, int]:
    """Return every slot for which somebody waits, with the smallest watermark among those readers."""
    columns = (
        Subscription.newsletter_id,
        Subscription.rhythm,
        Subscription.weekday,
        Subscription.hour,
        Subscription.time_zone,
        Subscription.paused_until,
        Subscription.next_due_at,
    )
    rows = session.execute(
        select(*columns, func.min(Subscription.watermark))
        .where(
            Subscription.newsletter_id.in_(newsletter_ids),
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.first_digest_pending.is_(False),
            Subscription.next_due_at <= now,
        )
        .group_by(*columns)
    )
    found: dict[Slot, int] = {}
    for row in rows:
        if not reach.is_paused(row, now=now):
            slot = slots.slot_of(row, now=now)
            found[slot] = min(row[-1], found.get(slot, row[-1]))
    return found


@lru_cache(maxsize=65_536)
def _ids(written: str) -> tuple[int, ...]:
    inside = written.strip("{}")
    return tuple(map(int, inside.split(","))) if inside else ()
