"""The closed table of a blast's moves."""

import pytest

from service.blasts import lifecycle
from service.blasts.lifecycle import Move
from service.blasts.models import BlastState
from service.errors import Conflict

D, A, W, S, P, T, C, E = (
    BlastState.DRAFT,
    BlastState.AWAITING,
    BlastState.SCHEDULED,
    BlastState.SENDING,
    BlastState.PAUSED,
    BlastState.SENT,
    BlastState.CANCELLED,
    BlastState.EXPIRED,
)

#: The whole table: what is not in it is a conflict.
TABLE: dict[Move, dict[BlastState, BlastState]] = {
    Move.ASK: {D: A, A: A},
    Move.SCHEDULE: {D: W, A: W, W: W},
    Move.UNSCHEDULE: {D: D, A: D, W: D},
    Move.START: {D: S, W: S, S: S},
    Move.EXPIRE: {A: E, W: E, E: E},
    Move.PAUSE: {S: P, P: P},
    Move.RESUME: {S: S, P: S},
    Move.CANCEL: {D: C, A: C, W: C, S: C, P: C, C: C},
    Move.FINISH: {S: T, T: T},
}


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", BlastState)
def test_every_move_from_every_state_is_decided(state: BlastState, move: Move) -> None:
    target = TABLE[move].get(state)
    if target is None:
        with pytest.raises(Conflict, match=r"^This blast .+; .+\.$"):
            lifecycle.after(state, move)
    else:
        assert lifecycle.after(state, move) is target


@pytest.mark.parametrize("state", BlastState)
def test_what_is_offered_leads_somewhere_else(state: BlastState) -> None:
    for move in lifecycle.allowed(state):
        assert lifecycle.after(state, move) is not state


@pytest.mark.parametrize("state", [T, C, E])
def test_nothing_leads_out_of_the_end(state: BlastState) -> None:
    assert lifecycle.allowed(state) == frozenset()


def test_only_a_draft_can_be_changed() -> None:
    lifecycle.check_editable(D)
    for state in (A, W, S, P, T, C, E):
        with pytest.raises(Conflict, match="only a draft"):
            lifecycle.check_editable(state)
