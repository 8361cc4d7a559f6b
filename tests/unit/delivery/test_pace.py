"""The token bucket behind every limit: never more than its rate, slower at once, up again by and by."""

import math

from hypothesis import given
from hypothesis import strategies as st

from service.delivery import pace
from service.delivery.pace import Limit, Meters

RATES = st.floats(0.1, 5_000)
GAPS = st.floats(0, 30)
STEPS = st.lists(st.tuples(GAPS, st.integers(0, 200)), max_size=60)


def configured(rate: float) -> Limit:
    return pace.begin(top=rate, rate=rate, lift=0.0, now=0.0)


@given(rate=RATES, steps=STEPS)
def test_over_any_time_from_the_start_no_more_than_the_rate_is_granted(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    limit, now, granted = configured(rate), 0.0, 0
    for gap, want in steps:
        now += gap
        limit, taken = pace.take(pace.advance(limit, now=now), want)
        granted += taken
        assert granted <= rate * now + 1e-6


@given(rate=RATES, steps=STEPS, idle=st.floats(0, 10_000))
def test_after_any_idleness_no_more_than_a_burst_is_on_hand(
    rate: float, steps: list[tuple[float, int]], idle: float
) -> None:
    limit, now, granted = pace.advance(configured(rate), now=idle), idle, 0
    for gap, want in steps:
        now += gap
        limit, taken = pace.take(pace.advance(limit, now=now), want)
        granted += taken
        assert granted <= rate * (now - idle) + pace.capacity(rate) + 1e-6


@given(rate=RATES, seconds=st.integers(5, 30))
def test_who_asks_all_the_time_gets_nearly_all_of_the_rate(rate: float, seconds: int) -> None:
    limit, granted = configured(rate), 0
    for tenth in range(1, 10 * seconds + 1):
        limit, taken = pace.take(pace.advance(limit, now=tenth / 10), 10_000)
        granted += taken
    assert granted >= rate * seconds * 0.9 - 2


@given(rate=RATES, flow=st.floats(0, 10_000))
def test_a_cut_halves_what_really_went_through_and_never_stops_the_mail(rate: float, flow: float) -> None:
    slower = pace.cut(configured(rate), now=10.0, flow=flow)
    assert slower.rate <= max(min(rate, flow) / 2, min(pace.FLOOR, rate))
    assert slower.rate >= min(pace.FLOOR, rate)
    assert slower.tokens <= 0


@given(flow=st.floats(0.01, 5_000), gaps=st.lists(st.floats(0.01, 20), min_size=1, max_size=50))
def test_creeping_up_is_steady_and_stops_at_the_lift(flow: float, gaps: list[float]) -> None:
    limit = pace.cut(pace.unlimited(flow=flow, now=0.0), now=0.0, flow=flow)
    now = 0.0
    for gap in gaps:
        now += gap
        later = pace.advance(limit, now=now, accepted=1)
        most = pace.step(limit.lift) * min(gap, pace.LONGEST_STEP_SECONDS)
        assert limit.rate <= later.rate <= min(limit.rate + most + 1e-9, limit.lift)
        if later.slowed_at is None:
            assert later.rate == limit.lift
            assert not later.is_needed
            return
        limit = later


def test_without_success_nothing_creeps_up() -> None:
    limit = pace.cut(configured(100), now=0.0, flow=80)
    assert limit.rate == 40
    assert pace.advance(limit, now=500.0).rate == 40


def test_a_configured_limit_comes_back_to_its_rate_and_no_further() -> None:
    limit = pace.cut(configured(100), now=0.0, flow=100)
    for second in range(1, 400):
        limit = pace.advance(limit, now=float(second), accepted=10)
    assert (limit.rate, limit.slowed_at) == (100, None)
    assert limit.is_needed


def test_replies_to_what_was_under_way_count_once_and_later_ones_again() -> None:
    limit = pace.cut(configured(100), now=0.0, flow=100)
    assert pace.cut(limit, now=1.0, flow=100).rate == 50
    later = pace.advance(limit, now=10.0, accepted=200)
    assert pace.cut(later, now=10.0, flow=100).rate == 20  # 200 in the last five seconds are 40/s


def test_a_rest_lets_nothing_go_for_so_long() -> None:
    limit = pace.cut(pace.unlimited(flow=50, now=0.0), now=0.0, flow=50, rest=600)
    assert pace.wait(limit) >= 600
    _, taken = pace.take(pace.advance(limit, now=600.0), 10)
    assert taken == 0
    _, taken = pace.take(pace.advance(limit, now=601.0), 10)
    assert taken > 0


@given(times=st.lists(st.floats(0, 0.2), min_size=300, max_size=600))
def test_a_meter_shows_what_went_through_lately(times: list[float]) -> None:
    meters, now = Meters(), 0.0
    for gap in times:
        now += gap
        meters.add("a", now)
    assert meters.rate("a", now) <= (len(times)) / pace.FLOW_SECONDS
    assert meters.rate("a", now + 100) < 1e-6
    assert meters.rate("b", now) == 0


def test_a_meter_of_a_steady_flow_shows_its_rate() -> None:
    meters = Meters()
    for n in range(2_000):
        meters.add("a", n / 50)
    assert math.isclose(meters.rate("a", 40.0), 50, rel_tol=0.02)


def test_meters_do_not_grow_with_the_number_of_domains() -> None:
    meters = Meters(most=100)
    for n in range(10_000):
        meters.add(f"domain:{n}", n / 10)
    assert len(meters) <= 100
