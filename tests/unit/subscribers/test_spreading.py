"""Imported readers are spread over days and hours."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.subscribers.spreading import DAYS, HOURS, appointment


@given(begin=st.integers(0, 10**9))
def test_any_thousand_in_a_row_are_spread_evenly(begin: int) -> None:
    found = Counter(appointment(number) for number in range(begin, begin + 1000))
    fair = 1000 / (len(DAYS) * len(HOURS))
    assert len(found) == len(DAYS) * len(HOURS)
    assert max(found.values()) - fair <= 3
    assert fair - min(found.values()) <= 3


def test_whoever_allows_one_hour_gets_it() -> None:
    assert {appointment(number, days=(5,), hours=(7,)) for number in range(100)} == {(5, 7)}
