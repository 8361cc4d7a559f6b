"""The score: what must hold whatever the numbers are, and some numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.popularity import ranking
from service.popularity.models import Signal
from service.popularity.ranking import Observation

counts = st.integers(0, 5000)
#: Nothing, or at least a thousandth of a click: less is a rounding error of the exposure.
expectations = st.just(0.0) | st.floats(0.001, 5000)
signals = st.sampled_from(list(Signal))


def clicks(observed: int, expected: float) -> ranking.Score:
    return ranking.score([Observation(Signal.DIGEST_CLICK, observed, expected)])


def test_the_score_is_the_one_of_the_formula() -> None:
    found = clicks(46, 20.1)
    weight = 1 / (1 / 46.5 + 0.02)
    assert found.score == pytest.approx(math.log(46.5 / 20.6) * weight / (2 + weight))
    assert found.sd == pytest.approx((2 + weight) ** -0.5)
    assert (found.observed, found.explanation) == (
        46,
        "2.3 times the clicks expected in its places (46 of 20.1).",
    )


def test_nothing_known_is_average_with_the_widest_error_bar() -> None:
    nothing = ranking.score([])
    assert (nothing.score, nothing.sd, nothing.observed) == (0, pytest.approx(math.sqrt(0.5)), 0)
    assert clicks(0, 0).score == 0


@given(counts, expectations)
def test_more_clicks_never_lower_the_score(observed: int, expected: float) -> None:
    assert clicks(observed + 1, expected).score > clicks(observed, expected).score


@given(counts, st.floats(0, 5000), st.floats(0.01, 100))
def test_expecting_more_never_raises_the_score(observed: int, expected: float, more: float) -> None:
    assert clicks(observed, expected + more).score <= clicks(observed, expected).score + 1e-12


@given(counts, expectations)
def test_an_article_is_above_average_exactly_when_it_got_more_than_expected(
    observed: int, expected: float
) -> None:
    score = clicks(observed, expected).score
    assert (score > 0) == (observed > expected)
    assert (score < 0) == (observed < expected)


@given(st.floats(0.001, 50))
def test_the_score_fades_to_average_as_data_fades(expected: float) -> None:
    scores = [abs(clicks(0, expected / shrink).score) for shrink in (1, 10, 100, 1000)]
    assert scores[3] <= expected / 1000
    assert scores[3] <= scores[2] <= max(scores[:2])


@given(st.integers(1, 30), st.integers(1, 40))
def test_more_of_the_same_makes_a_lift_more_certain(observed: int, factor: int) -> None:
    little, much = clicks(2 * observed, observed), clicks(2 * observed * factor, observed * factor)
    assert much.score >= little.score - 1e-12
    assert much.sd <= little.sd


def test_a_lower_place_expects_less() -> None:
    rates = [ranking.slot_rate(slot) for slot in range(1, 15)]
    assert rates[0] == 1
    assert rates == sorted(rates, reverse=True)
    assert rates[9] == pytest.approx(10**-0.7)


def test_a_mail_of_this_hour_expects_nothing_yet_and_an_old_one_everything() -> None:
    assert ranking.arrived(Signal.DIGEST_CLICK, 0) == 0
    assert ranking.arrived(Signal.DIGEST_CLICK, -3) == 0
    assert ranking.arrived(Signal.DIGEST_CLICK, 6) == 0.5
    assert ranking.arrived(Signal.DIGEST_CLICK, 200) == pytest.approx(1)


def test_signals_are_weighed_by_how_well_they_are_known() -> None:
    liked = Observation(Signal.DIGEST_CLICK, 200, 100)
    placed = Observation(Signal.PAGE_VIEW, 2000, 1000)
    disliked = Observation(Signal.PAGE_VIEW, 500, 1000)
    assert ranking.score([liked, disliked]).score > 0
    assert ranking.score([liked, placed]).score > ranking.score([liked, disliked]).score
    assert ranking.score([liked, placed]).observed == 2200
    assert ranking.score([liked, placed]).explanation == (
        "2.0 times the clicks expected in its places (200 of 100.0). "
        "2.0 times the views expected at its age (2000 of 1000.0)."
    )


@given(st.lists(st.builds(Observation, signals, counts, expectations), max_size=3))
def test_every_score_is_finite_and_explained(seen: list[Observation]) -> None:
    found = ranking.score(seen)
    assert math.isfinite(found.score)
    assert 0 < found.sd <= math.sqrt(0.5)
    assert found.explanation.endswith(".")


@pytest.mark.parametrize(
    ("observed", "expected", "sentence"),
    [
        (0, 0.4, "Too few clicks are to be expected yet (0 of 0.4)."),
        (1, 0.0, "1 click where hardly any was to be expected (1 of 0.0)."),
        (3, 12.0, "0.2 times the clicks expected in its places (3 of 12.0)."),
    ],
)
def test_the_explanation_says_how_much_is_known(observed: int, expected: float, sentence: str) -> None:
    assert clicks(observed, expected).explanation == sentence
