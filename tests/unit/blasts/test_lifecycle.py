"""The closed table of a blast's moves."""

import pytest

from service.blasts import lifecycle
from service.blasts.lifecycle import Move
from service.blasts.models import BlastState
from service.errors import Conflict

D, S, P, T, C = (
    BlastState.DRAFT,
    BlastState.SENDING,
    BlastState.PAUSED,
    BlastState.SENT,
    BlastState.CANCELLED,
)

#: The whole table: None is a conflict.
TABLE: dict[Move, dict[BlastState, BlastState | None]] = {
    Move.START: {D: S, S: S, P: None, T: None, C: None},
    Move.PAUSE: {D: None, S: P, P: P, T: None, C: None},
    Move.RESUME: {D: None, S: S, P: S, T: None, C: None},
    Move.CANCEL: {D: C, S: C, P: C, T: None, C: C},
    Move.FINISH: {D: None, S: T, P: None, T: T, C: None},
}


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", BlastState)
def test_every_move_from_every_state_is_decided(state: BlastState, move: Move) -> None:
    target = TABLE[move][state]
    if target is None:
        with pytest.raises(Conflict, match=r"^This blast .+; .+\.$"):
            lifecycle.after(state, move)
    else:
        assert lifecycle.after(state, move) is target


@pytest.mark.parametrize("state", BlastState)
def test_what_is_offered_leads_somewhere_else(state: BlastState) -> None:
    for move in lifecycle.allowed(state):
        assert lifecycle.after(state, move) is not state


@pytest.mark.parametrize("state", [T, C])
def test_nothing_leads_out_of_the_end(state: BlastState) -> None:
    assert lifecycle.allowed(state) == frozenset()


def test_only_a_draft_can_be_changed() -> None:
    lifecycle.check_editable(D)
    for state in (S, P, T, C):
        with pytest.raises(Conflict, match="only a draft"):
            lifecycle.check_editable(state)
