"""Months of digests over the pure functions: nobody reads a story twice, and nothing is passed over."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.digests.simulated import World


def test_in_52_weeks_nothing_comes_twice_and_nothing_is_passed_over() -> None:
    world = World(seed=52, readers=8)

    world.live(52)

    assert world.digests > 150
    assert world.lost > 5
    assert world.sections == {"editors", "popular", "new", "explore", "missed"}
    assert (world.repeats, world.missed) == (0, 0)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), topics=st.integers(1, 8), news=st.integers(0, 12))
def test_whatever_happens_in_three_months(seed: int, topics: int, news: int) -> None:
    world = World(seed=seed, readers=4, topics=max(4, topics), news=news)

    world.live(14)

    assert (world.repeats, world.missed) == (0, 0)
