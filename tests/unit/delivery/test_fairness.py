"""Shares by weight while there is more than enough to send; nobody waits for a slow relay. Pure."""

from hypothesis import given
from hypothesis import strategies as st

from service.delivery.fairness import JUDGED_SECONDS, SLACK, Fairness

BOTH = ["heavy", "light"]


@given(heavy=st.integers(1, 9), light=st.integers(1, 9), windows=st.integers(20, 200))
def test_nobody_is_further_ahead_of_a_share_than_the_slack(heavy: int, light: int, windows: int) -> None:
    fair = Fairness({"heavy": heavy, "light": light})
    got = dict.fromkeys(BOTH, 0)
    for _ in range(windows):
        fair.look(BOTH, [], now=0.0)
        for label in BOTH:
            room = fair.room(label, 8)
            fair.gave(label, room)
            got[label] += room
    assert got["heavy"] / heavy - got["light"] / light <= SLACK / heavy + 1e-9
    assert got["light"] / light - got["heavy"] / heavy <= SLACK / light + 1e-9
    assert sum(got.values()) >= windows


def test_a_slow_relay_with_work_in_hand_is_waited_for_no_longer() -> None:
    fair = Fairness({"heavy": 3, "light": 1})
    fair.look(BOTH, ["heavy"], now=0.0)
    fair.gave("light", SLACK)
    assert fair.room("light", 8) == 0
    for _ in range(40):
        fair.sent("light")
    fair.sent("heavy")
    fair.look(BOTH, ["heavy"], now=JUDGED_SECONDS)
    assert fair.room("light", 8) == 8


def test_a_relay_that_comes_back_holds_nobody_for_what_it_missed() -> None:
    fair = Fairness({"heavy": 1, "light": 1})
    fair.look(["light"], [], now=0.0)
    fair.gave("light", 1_000)
    fair.look(BOTH, [], now=0.1)
    assert fair.room("light", 8) == 8


def test_a_spare_relay_and_a_single_one_are_never_held() -> None:
    fair = Fairness({"only": 1, "spare": 0})
    fair.look(["only", "spare"], [], now=0.0)
    fair.gave("only", 1_000)
    fair.gave("spare", 1_000)
    assert (fair.room("only", 8), fair.room("spare", 8)) == (8, 8)
