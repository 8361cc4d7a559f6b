from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.newsletters.models import Rhythm
from service.subscribers import schedule
from tests import slow_calendar

rhythms = st.sampled_from([rhythm for rhythm in Rhythm if rhythm is not Rhythm.FIRST])
zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Africa/Casablanca",
        "America/Santiago",
        "Africa/Cairo",
        "Asia/Beirut",
        "Pacific/Apia",
        "Pacific/Kwajalein",
        "America/St_Johns",
    ]
)
instants = st.integers(0, 28 * 365 * 24 * 60).map(
    lambda minutes: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
longest = {
    Rhythm.DAILY: timedelta(days=1),
    Rhythm.ENOUGH: timedelta(days=1),
    Rhythm.WEEKDAYS: timedelta(days=3),
    Rhythm.WEEKLY: timedelta(days=7),
    Rhythm.FORTNIGHTLY: timedelta(days=14),
    Rhythm.MONTHLY: timedelta(days=35),
}


@pytest.mark.parametrize(
    ("rhythm", "weekday", "hour", "zone", "after", "expected"),
    [
        # The next Friday, seen from a Tuesday, and never the same instant again.
        (Rhythm.WEEKLY, 5, 7, "UTC", "2026-11-24T09:00", "2026-11-27T07:00"),
        (Rhythm.WEEKLY, 5, 7, "UTC", "2026-11-27T06:59", "2026-11-27T07:00"),
        (Rhythm.WEEKLY, 5, 7, "UTC", "2026-11-27T07:00", "2026-12-04T07:00"),
        # The reader's own morning.
        (Rhythm.DAILY, 1, 7, "Europe/Berlin", "2026-11-24T09:00", "2026-11-25T06:00"),
        (Rhythm.DAILY, 1, 7, "Pacific/Auckland", "2026-11-24T09:00", "2026-11-24T18:00"),
        # Over the change to summer time the local hour stays.
        (Rhythm.WEEKLY, 1, 7, "Europe/Berlin", "2026-03-23T07:00", "2026-03-30T05:00"),
        # 02:00 does not exist on that day: it moves forward to 03:00.
        (Rhythm.DAILY, 1, 2, "America/New_York", "2026-03-08T05:00", "2026-03-08T07:00"),
        # Midnight itself may be missing.
        (Rhythm.DAILY, 1, 0, "Africa/Cairo", "2026-04-23T12:00", "2026-04-23T22:00"),
        # 02:00 comes twice: only the first counts.
        (Rhythm.DAILY, 1, 2, "Europe/Berlin", "2026-10-24T22:00", "2026-10-25T00:00"),
        (Rhythm.DAILY, 1, 2, "Europe/Berlin", "2026-10-25T00:00", "2026-10-26T01:00"),
        # From a Friday to the Monday after.
        (Rhythm.WEEKDAYS, 1, 7, "UTC", "2026-11-27T06:00", "2026-11-27T07:00"),
        (Rhythm.WEEKDAYS, 1, 7, "UTC", "2026-11-27T07:00", "2026-11-30T07:00"),
        (Rhythm.WEEKDAYS, 1, 7, "Pacific/Auckland", "2026-11-26T18:00", "2026-11-29T18:00"),
        # In the first week of a fortnight, also over a year of 53 weeks.
        (Rhythm.FORTNIGHTLY, 5, 7, "UTC", "2026-12-07T09:00", "2026-12-11T07:00"),
        (Rhythm.FORTNIGHTLY, 5, 7, "UTC", "2026-12-11T07:00", "2026-12-25T07:00"),
        (Rhythm.FORTNIGHTLY, 5, 7, "UTC", "2026-12-25T07:00", "2027-01-08T07:00"),
        (Rhythm.ENOUGH, 1, 7, "UTC", "2026-11-27T07:00", "2026-11-28T07:00"),
        # Days that two places at the date line left out: the day after has one mail, not two.
        (Rhythm.DAILY, 1, 7, "Pacific/Apia", "2011-12-29T17:00", "2011-12-30T17:00"),
        (Rhythm.DAILY, 1, 7, "Pacific/Apia", "2011-12-30T17:00", "2011-12-31T17:00"),
        (Rhythm.WEEKLY, 5, 7, "Pacific/Apia", "2011-12-24T00:00", "2011-12-30T17:00"),
        (Rhythm.DAILY, 1, 7, "Pacific/Kwajalein", "1993-08-20T19:00", "1993-08-21T19:00"),
        # Leap day.
        (Rhythm.DAILY, 1, 7, "UTC", "2028-02-28T07:00", "2028-02-29T07:00"),
        # The first Monday of the month, this one or the next, and over the end of a year.
        (Rhythm.MONTHLY, 1, 7, "UTC", "2026-11-01T12:00", "2026-11-02T07:00"),
        (Rhythm.MONTHLY, 1, 7, "UTC", "2026-11-02T07:00", "2026-12-07T07:00"),
        (Rhythm.MONTHLY, 5, 7, "UTC", "2026-12-24T09:00", "2027-01-01T07:00"),
        # On the other side of the date line a new month has begun.
        (Rhythm.MONTHLY, 7, 7, "Pacific/Kiritimati", "2026-10-31T12:00", "2026-10-31T17:00"),
    ],
)
def test_the_next_slot(rhythm: Rhythm, weekday: int, hour: int, zone: str, after: str, expected: str) -> None:
    found = schedule.next_due(
        rhythm,
        weekday=weekday,
        hour=hour,
        time_zone=zone,
        after=datetime.fromisoformat(after).replace(tzinfo=UTC),
    )
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(rhythm=rhythms, weekday=st.integers(1, 7), hour=st.integers(0, 23), zone=zones, after=instants)
def test_a_slot_is_after_and_near_and_at_the_local_hour(
    rhythm: Rhythm, weekday: int, hour: int, zone: str, after: datetime
) -> None:
    slot = schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=after)
    assert after < slot <= after + longest[rhythm] + timedelta(hours=3)
    local = slot.astimezone(ZoneInfo(zone))
    exists = datetime(local.year, local.month, local.day, hour, tzinfo=ZoneInfo(zone))
    moved = exists.astimezone(UTC).astimezone(ZoneInfo(zone)).hour != hour
    if not moved:
        assert (local.hour, local.minute) == (hour, 0)
        assert not schedule.has_weekday(rhythm) or local.isoweekday() == weekday
        assert rhythm is not Rhythm.WEEKDAYS or local.isoweekday() <= 5
        assert rhythm is not Rhythm.MONTHLY or local.day <= 7


@given(rhythm=rhythms, weekday=st.integers(1, 7), hour=st.integers(0, 23), zone=zones, after=instants)
def test_no_slot_lies_between_two_that_follow_each_other(
    rhythm: Rhythm, weekday: int, hour: int, zone: str, after: datetime
) -> None:
    first = schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=after)
    second = schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=first)
    assert first < second
    between = first - timedelta(microseconds=1)
    assert schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=between) == first
    # One mail a day, a week, a month: clock changes make no second one.
    days = (second.astimezone(ZoneInfo(zone)).date() - first.astimezone(ZoneInfo(zone)).date()).days
    assert days >= {Rhythm.WEEKLY: 7, Rhythm.FORTNIGHTLY: 14, Rhythm.MONTHLY: 28}.get(rhythm, 1)


@given(rhythm=rhythms, weekday=st.integers(1, 7), hour=st.integers(0, 23), zone=zones, after=instants)
def test_slots_are_those_that_a_slow_calendar_finds(
    rhythm: Rhythm, weekday: int, hour: int, zone: str, after: datetime
) -> None:
    quick = schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=after)
    assert quick == slow_calendar.next_slot(rhythm, weekday, hour, zone, after=after)


def test_a_pause_ends_with_the_first_slot_of_the_day_it_names() -> None:
    slot = schedule.first_due_on(
        date(2026, 12, 24),
        Rhythm.DAILY,
        weekday=1,
        hour=0,
        time_zone="Europe/Berlin",
        now=datetime(2026, 11, 24, 9, tzinfo=UTC),
    )
    assert slot == datetime(2026, 12, 23, 23, tzinfo=UTC)


def test_a_day_in_the_past_gives_no_slot_in_the_past() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    slot = schedule.first_due_on(date(2026, 1, 1), Rhythm.DAILY, weekday=1, hour=7, time_zone="UTC", now=now)
    assert slot == datetime(2026, 11, 25, 7, tzinfo=UTC)


def test_every_offered_zone_can_be_used_and_strange_names_cannot() -> None:
    assert len(schedule.time_zones()) > 300
    for name in schedule.time_zones():
        assert schedule.is_time_zone(name)
        ZoneInfo(name)
    for name in ("", "Mars/Olympus", "../../etc/passwd", "localtime", "Europe/Berlin\x00", "europe/berlin"):
        assert not schedule.is_time_zone(name)


def test_no_reader_can_have_the_rhythm_of_first_digests() -> None:
    with pytest.raises(ValueError, match="choose"):
        schedule.next_due(
            Rhythm.FIRST, weekday=1, hour=7, time_zone="UTC", after=datetime(2026, 1, 1, tzinfo=UTC)
        )
