"""Periods of editions: ISO weeks, turns of the year, and when the whole Earth has left one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.digests import periods
from service.newsletters.models import Rhythm
from service.subscribers import schedule

RHYTHMS = list(Rhythm)


@pytest.mark.parametrize(
    ("day", "rhythm", "period"),
    [
        (date(2026, 11, 24), Rhythm.DAILY, "2026-11-24"),
        (date(2026, 11, 24), Rhythm.FIRST, "2026-11-24"),
        (date(2026, 11, 24), Rhythm.WEEKLY, "2026-W48"),
        (date(2026, 11, 29), Rhythm.WEEKLY, "2026-W48"),
        (date(2026, 11, 30), Rhythm.WEEKLY, "2026-W49"),
        (date(2026, 12, 31), Rhythm.WEEKLY, "2026-W53"),
        (date(2027, 1, 1), Rhythm.WEEKLY, "2026-W53"),
        (date(2027, 1, 4), Rhythm.WEEKLY, "2027-W01"),
        (date(2024, 12, 30), Rhythm.WEEKLY, "2025-W01"),
        (date(2026, 11, 24), Rhythm.WEEKDAYS, "2026-11-24"),
        (date(2026, 11, 24), Rhythm.ENOUGH, "2026-11-24"),
        # A year of 53 weeks changes nothing about fortnights.
        (date(2026, 12, 20), Rhythm.FORTNIGHTLY, "2026-12-07+14"),
        (date(2026, 12, 21), Rhythm.FORTNIGHTLY, "2026-12-21+14"),
        (date(2027, 1, 3), Rhythm.FORTNIGHTLY, "2026-12-21+14"),
        (date(2027, 1, 4), Rhythm.FORTNIGHTLY, "2027-01-04+14"),
        (date(2028, 2, 29), Rhythm.MONTHLY, "2028-02"),
        (date(2026, 12, 31), Rhythm.MONTHLY, "2026-12"),
    ],
)
def test_a_day_lies_in_its_period(day: date, rhythm: Rhythm, period: str) -> None:
    assert schedule.period_of(day, rhythm=rhythm) == period


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), rhythm=st.sampled_from(RHYTHMS))
def test_a_period_begins_on_its_first_day_and_never_overlaps_the_next(day: date, rhythm: Rhythm) -> None:
    period = schedule.period_of(day, rhythm=rhythm)
    first = periods.first_day(period, rhythm=rhythm)
    after = (periods.over_at(period, rhythm=rhythm) - timedelta(hours=12)).date()

    assert first <= day < after
    assert schedule.period_of(first, rhythm=rhythm) == period
    assert schedule.period_of(first - timedelta(days=1), rhythm=rhythm) != period
    assert schedule.period_of(after - timedelta(days=1), rhythm=rhythm) == period
    assert schedule.period_of(after, rhythm=rhythm) != period


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_when_a_period_is_over_no_zone_is_in_it_any_more(rhythm: Rhythm) -> None:
    period = schedule.period_of(date(2026, 11, 24), rhythm=rhythm)
    over = periods.over_at(period, rhythm=rhythm)

    for name in available_timezones():
        assert schedule.period_of(over.astimezone(ZoneInfo(name)).date(), rhythm=rhythm) != period
    just_before = (over - timedelta(seconds=1)).astimezone(ZoneInfo("Etc/GMT+12"))
    assert schedule.period_of(just_before.date(), rhythm=rhythm) == period


@pytest.mark.parametrize(
    ("rhythm", "title"),
    [
        (Rhythm.DAILY, "The Courier · Daily, 24 November 2026"),
        (Rhythm.WEEKLY, "The Courier · Weekly, week 48 of 2026"),
        (Rhythm.MONTHLY, "The Courier · Monthly, November 2026"),
        (Rhythm.WEEKDAYS, "The Courier · Weekdays, 24 November 2026"),
        (Rhythm.FORTNIGHTLY, "The Courier · Every two weeks, from 23 November 2026"),
        (Rhythm.ENOUGH, "The Courier · When enough waits, 24 November 2026"),
        (Rhythm.FIRST, "The Courier · First digests, 24 November 2026"),
    ],
)
def test_a_title_is_for_people(rhythm: Rhythm, title: str) -> None:
    period = schedule.period_of(date(2026, 11, 24), rhythm=rhythm)
    assert periods.title("The Courier", rhythm=rhythm, period=period) == title


def test_over_is_an_instant_in_utc() -> None:
    assert periods.over_at("2026-W48", rhythm=Rhythm.WEEKLY) == datetime(2026, 11, 30, 12, tzinfo=UTC)
