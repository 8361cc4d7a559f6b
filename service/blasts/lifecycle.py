"""What may become of a blast, as one closed table (pure)."""

from enum import StrEnum

from service.blasts.models import BlastState
from service.errors import Conflict


class Move(StrEnum):
    """Everything that can be done to a blast's state."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


MOVES: dict[tuple[BlastState, Move], BlastState] = {
    (BlastState.DRAFT, Move.START): BlastState.SENDING,
    (BlastState.DRAFT, Move.CANCEL): BlastState.CANCELLED,
    (BlastState.SENDING, Move.PAUSE): BlastState.PAUSED,
    (BlastState.SENDING, Move.CANCEL): BlastState.CANCELLED,
    (BlastState.SENDING, Move.FINISH): BlastState.SENT,
    (BlastState.PAUSED, Move.RESUME): BlastState.SENDING,
    (BlastState.PAUSED, Move.CANCEL): BlastState.CANCELLED,
}

#: The state each move leads to: asking again for what is already so is no mistake (a double click).
_TARGETS = {move: target for (_, move), target in MOVES.items()}

_STANDS = {
    BlastState.DRAFT: "is still a draft",
    BlastState.SENDING: "is being sent",
    BlastState.PAUSED: "is paused",
    BlastState.SENT: "has been sent",
    BlastState.CANCELLED: "was cancelled",
}
_WISHES = {
    Move.START: "it cannot be started",
    Move.PAUSE: "there is nothing to pause",
    Move.RESUME: "it cannot be resumed",
    Move.CANCEL: "it can no longer be cancelled",
    Move.FINISH: "it cannot be finished",
}


def after(state: BlastState, move: Move) -> BlastState:
    """Return the state that a move leads to; a move to where the blast already is changes nothing.

    :raises Conflict: with a sentence for the operator.
    """
    if state is _TARGETS[move]:
        return state
    target = MOVES.get((state, move))
    if target is None:
        raise Conflict(f"This blast {_STANDS[state]}; {_WISHES[move]}.")
    return target


def allowed(state: BlastState) -> frozenset[Move]:
    """Return the moves that an operator can make from here."""
    return frozenset(move for from_state, move in MOVES if from_state is state) - {Move.FINISH}


def check_editable(state: BlastState) -> None:
    """:raises Conflict: once a blast has begun, what people got must stay what it was."""
    if state is not BlastState.DRAFT:
        raise Conflict(f"This blast {_STANDS[state]}; only a draft can be changed.")
