"""When a due reader's digest belongs: the slot, the reader's day, and the period of the edition (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from service.newsletters.models import Rhythm
from service.subscribers import reach, schedule

#: A slot that has passed for so long is dropped: yesterday's paper at night helps nobody, and what was new
#: comes with the next one.
LATEST = {
    Rhythm.DAILY: timedelta(hours=12),
    Rhythm.WEEKDAYS: timedelta(hours=12),
    Rhythm.ENOUGH: timedelta(hours=12),
    Rhythm.WEEKLY: timedelta(days=2),
    Rhythm.FORTNIGHTLY: timedelta(days=3),
    Rhythm.MONTHLY: timedelta(days=5),
}
#: Why a reader whose slot was dropped is skipped.
PASSED = "slot_passed"
#: A run that begins later than this after its slot is called late: beat ticks every five seconds.
LATE = timedelta(minutes=10)
WEEK = timedelta(days=7)
#: Longer than any rhythm's distance between two slots (a first Monday to the next is at most 35 days).
LONGEST_GAP = timedelta(days=36)


class Scheduled(reach.Calendar, Protocol):
    """When a reader wants mail: a subscription, or the plain values of one."""

    @property
    def newsletter_id(self) -> int: ...

    @property
    def rhythm(self) -> Rhythm: ...

    @property
    def weekday(self) -> int: ...

    @property
    def hour(self) -> int: ...

    @property
    def next_due_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Slot:
    """One reader's place in time; readers with equal slots are planned in the same run."""

    newsletter_id: int
    rhythm: Rhythm
    period: str
    #: UTC
    at: datetime
    #: The reader's own day while this is planned: the mail carries it, and one digest a day is enough.
    today: date


def slot_of(subscription: Scheduled, *, now: datetime) -> Slot:
    """Return the latest slot that has come: after an outage a reader is caught up once, not once per slot."""
    at = latest(subscription, now=now)
    zone = reach.known_zone(subscription)
    return Slot(
        newsletter_id=subscription.newsletter_id,
        rhythm=subscription.rhythm,
        period=schedule.period_of(schedule.local_date(at, time_zone=zone), rhythm=subscription.rhythm),
        at=at,
        today=schedule.local_date(now, time_zone=zone),
    )


def too_late(slot: Slot, *, now: datetime) -> bool:
    """Say whether the slot has passed for too long to be caught up."""
    return now - slot.at > LATEST[slot.rhythm]


def latest(subscription: Scheduled, *, now: datetime) -> datetime:
    """Return the last slot at or before `now`, beginning with the one that is due."""
    slot = subscription.next_due_at
    if slot is None or slot < now - LONGEST_GAP:
        slot = following(subscription, after=now - LONGEST_GAP)
    while (later := following(subscription, after=slot)) <= now:
        slot = later
    return slot


def following(subscription: Scheduled, *, after: datetime) -> datetime:
    """Return the first slot after an instant."""
    return schedule.next_due(
        subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        time_zone=reach.known_zone(subscription),
        after=after,
    )


def after_pause(subscription: Scheduled, *, now: datetime) -> datetime:
    """Return the first slot on or after the day on which mail comes again."""
    return schedule.first_due_on(
        subscription.paused_until or now.date(),
        subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        time_zone=reach.known_zone(subscription),
        now=now,
    )
