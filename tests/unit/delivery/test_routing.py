"""Relays get their shares of the mail, a closed one nothing, and a spare one only what nobody else takes."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.delivery.routing import Router

LABELS = ["a:25", "b:25", "c:25", "d:25"]
WEIGHTS = st.dictionaries(st.sampled_from(LABELS), st.integers(0, 20), min_size=1)


@given(weights=WEIGHTS, rounds=st.integers(1, 5))
def test_over_whole_rounds_everybody_gets_exactly_their_share(weights: dict[str, int], rounds: int) -> None:
    router = Router(weights)
    total = sum(weights.values())
    chosen = Counter(router.choose(weights) for _ in range(total * rounds))
    assert chosen == Counter({label: weight * rounds for label, weight in weights.items() if weight})


@given(weights=WEIGHTS, data=st.data())
def test_at_any_moment_nobody_is_further_from_their_share_than_the_number_of_relays(
    weights: dict[str, int], data: st.DataObject
) -> None:
    total = sum(weights.values())
    n = data.draw(st.integers(1, 200))
    got = Router(weights).share_out(n, weights)
    assert sum(got.values()) == n
    for label, weight in weights.items():
        if total:
            assert abs(got.get(label, 0) - n * weight / total) < len(weights)


@given(weights=WEIGHTS, looks=st.lists(st.sets(st.sampled_from(LABELS)), max_size=50))
def test_a_closed_relay_gets_nothing_and_an_open_one_is_always_found(
    weights: dict[str, int], looks: list[set[str]]
) -> None:
    router = Router(weights)
    for usable in looks:
        chosen = router.choose(usable)
        known = usable & set(weights)
        if not known:
            assert chosen is None
        else:
            assert chosen in known
            if any(weights[label] for label in known):
                assert weights[str(chosen)] > 0


def test_choices_are_mixed_rather_than_in_blocks() -> None:
    router = Router({"big": 3, "small": 1})
    assert [router.choose({"big", "small"}) for _ in range(8)] == ["big", "big", "small", "big"] * 2


def test_a_spare_relay_takes_over_and_steps_back() -> None:
    router = Router({"main": 1, "spare": 0})
    assert router.choose({"main", "spare"}) == "main"
    assert router.choose({"spare"}) == "spare"
    assert router.choose({"main", "spare"}) == "main"
    assert router.choose(set()) is None


def test_a_relay_that_comes_back_does_not_make_up_for_its_rest() -> None:
    router = Router({"a": 1, "b": 1})
    for _ in range(50):
        assert router.choose({"a"}) == "a"
    assert router.share_out(10, {"a", "b"}) == {"a": 5, "b": 5}
