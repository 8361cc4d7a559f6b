"""Slots of due readers, over clock changes and outages."""

from datetime import UTC, date, datetime, timedelta

import pytest

from service.digests import slots
from service.newsletters.models import Rhythm
from service.subscribers.models import Subscription


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def due(at: datetime, rhythm: Rhythm, **values: object) -> Subscription:
    return Subscription(
        **{
            "newsletter_id": 1,
            "rhythm": rhythm,
            "weekday": 5,
            "hour": 7,
            "time_zone": "Europe/Berlin",
            "next_due_at": at,
            **values,
        }
    )


@pytest.mark.parametrize(
    ("rhythm", "now", "at", "period"),
    [
        (Rhythm.WEEKLY, utc(2026, 10, 23, 5), utc(2026, 10, 23, 5), "2026-W43"),
        # An hour's outage on the Friday after the clocks went back.
        (Rhythm.WEEKLY, utc(2026, 10, 30, 7), utc(2026, 10, 30, 6), "2026-W44"),
        # Three weeks of outage: the latest slot, once.
        (Rhythm.WEEKLY, utc(2026, 11, 10, 9), utc(2026, 11, 6, 6), "2026-W45"),
        (Rhythm.DAILY, utc(2026, 10, 26, 5, 59), utc(2026, 10, 25, 6), "2026-10-25"),
        (Rhythm.DAILY, utc(2026, 10, 26, 6), utc(2026, 10, 26, 6), "2026-10-26"),
        (Rhythm.MONTHLY, utc(2027, 1, 5, 9), utc(2027, 1, 1, 6), "2027-01"),
        # The first Friday of 2027 lies in the ISO year 2026.
        (Rhythm.WEEKLY, utc(2027, 1, 2, 9), utc(2027, 1, 1, 6), "2026-W53"),
    ],
)
def test_the_slot_is_the_latest_that_has_come(
    rhythm: Rhythm, now: datetime, at: datetime, period: str
) -> None:
    slot = slots.slot_of(due(datetime(2026, 10, 23, 5, tzinfo=UTC), rhythm), now=now)

    assert (slot.at, slot.period) == (at, period)


def test_a_slot_of_years_ago_is_found_without_walking_through_the_years() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)

    slot = slots.slot_of(due(datetime(1990, 1, 1, tzinfo=UTC), Rhythm.DAILY), now=now)

    assert slot.at == datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "today"), [("Pacific/Kiritimati", date(2026, 11, 25)), ("Pacific/Niue", date(2026, 11, 23))]
)
def test_the_day_is_the_readers_own(zone: str, today: date) -> None:
    now = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)

    assert slots.slot_of(due(now, Rhythm.DAILY, time_zone=zone), now=now).today == today


def test_every_day_of_a_year_has_one_slot_through_both_clock_changes() -> None:
    reader = due(datetime(2026, 1, 1, 6, tzinfo=UTC), Rhythm.DAILY, hour=2, time_zone="America/New_York")
    seen, now = [], datetime(2026, 1, 1, tzinfo=UTC)
    while now < datetime(2027, 1, 1, tzinfo=UTC):
        now = slots.following(reader, after=now)
        reader.next_due_at = now
        seen.append(slots.slot_of(reader, now=now + timedelta(minutes=1)).period)

    assert len(seen) == len(set(seen)) == 366
    assert seen[-1] == "2027-01-01"
