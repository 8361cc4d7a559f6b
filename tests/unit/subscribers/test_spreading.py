"""Readers who come in crowds are spread over days, hours and beginnings."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.newsletters.models import Rhythm
from service.subscribers import schedule
from service.subscribers.spreading import BEGINNINGS, DAYS, HOURS, Place, place

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
crowds = st.integers(0, 10**9).map(lambda begin: range(begin, begin + 1000))


def first_slots(crowd: range, rhythm: Rhythm, **values: object) -> Counter[Place]:
    return Counter(place(number, rhythm, time_zone="Europe/Berlin", now=NOW, **values) for number in crowd)


@given(crowd=crowds)
def test_any_thousand_in_a_row_are_spread_evenly_over_days_and_hours(crowd: range) -> None:
    found = first_slots(crowd, Rhythm.WEEKLY)
    fair = 1000 / (len(DAYS) * len(HOURS))
    assert len(found) == len(DAYS) * len(HOURS)
    assert max(found.values()) - fair <= 3
    assert fair - min(found.values()) <= 3


@given(crowd=crowds, rhythm=st.sampled_from([Rhythm.DAILY, Rhythm.ENOUGH]))
def test_a_crowd_of_daily_readers_begins_over_a_week(crowd: range, rhythm: Rhythm) -> None:
    found = Counter(each.next_due_at for each in first_slots(crowd, rhythm).elements())
    assert len(found) == BEGINNINGS * len(HOURS)
    assert max(found.values()) <= 2 * 1000 / len(found)


@pytest.mark.parametrize("rhythm", [rhythm for rhythm in Rhythm if rhythm is not Rhythm.FIRST])
def test_a_first_slot_is_a_slot_of_the_reader_and_not_today(rhythm: Rhythm) -> None:
    for number in range(50):
        found = place(number, rhythm, time_zone="Asia/Tokyo", now=NOW)
        assert found.next_due_at == schedule.next_due(
            rhythm,
            weekday=found.weekday,
            hour=found.hour,
            time_zone="Asia/Tokyo",
            after=found.next_due_at - timedelta(seconds=1),
        )
        assert schedule.local_date(found.next_due_at, time_zone="Asia/Tokyo") > NOW.date()


def test_what_a_reader_chose_stays() -> None:
    found = first_slots(range(100), Rhythm.WEEKLY, weekday=7, hour=20)
    assert list(found) == [Place(7, 20, datetime(2026, 11, 29, 19, tzinfo=UTC))]
