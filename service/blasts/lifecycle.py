"""What may become of a blast, as one closed table (pure)."""

from enum import StrEnum

from service.blasts.models import BlastState
from service.errors import Conflict


class Move(StrEnum):
    """Everything that can be done to a blast's state."""

    #: A first sender has confirmed it; a second one has to.
    ASK = "ask"
    SCHEDULE = "schedule"
    #: Back to a draft: the undo of everything before the first mail.
    UNSCHEDULE = "unschedule"
    START = "start"
    EXPIRE = "expire"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


MOVES: dict[tuple[BlastState, Move], BlastState] = {
    (BlastState.DRAFT, Move.ASK): BlastState.AWAITING,
    (BlastState.DRAFT, Move.SCHEDULE): BlastState.SCHEDULED,
    (BlastState.DRAFT, Move.START): BlastState.SENDING,
    (BlastState.DRAFT, Move.CANCEL): BlastState.CANCELLED,
    (BlastState.AWAITING, Move.SCHEDULE): BlastState.SCHEDULED,
    (BlastState.AWAITING, Move.UNSCHEDULE): BlastState.DRAFT,
    (BlastState.AWAITING, Move.EXPIRE): BlastState.EXPIRED,
    (BlastState.AWAITING, Move.CANCEL): BlastState.CANCELLED,
    (BlastState.SCHEDULED, Move.UNSCHEDULE): BlastState.DRAFT,
    (BlastState.SCHEDULED, Move.START): BlastState.SENDING,
    (BlastState.SCHEDULED, Move.EXPIRE): BlastState.EXPIRED,
    (BlastState.SCHEDULED, Move.CANCEL): BlastState.CANCELLED,
    (BlastState.SENDING, Move.PAUSE): BlastState.PAUSED,
    (BlastState.SENDING, Move.CANCEL): BlastState.CANCELLED,
    (BlastState.SENDING, Move.FINISH): BlastState.SENT,
    (BlastState.PAUSED, Move.RESUME): BlastState.SENDING,
    (BlastState.PAUSED, Move.CANCEL): BlastState.CANCELLED,
}

#: The state each move leads to: asking again for what is already so is no mistake (a double click).
_TARGETS = {move: target for (_, move), target in MOVES.items()}

#: What no operator does.
_BY_ITSELF = frozenset({Move.FINISH, Move.EXPIRE})

_STANDS = {
    BlastState.DRAFT: "is still a draft",
    BlastState.AWAITING: "waits for a second sender",
    BlastState.SCHEDULED: "is scheduled",
    BlastState.SENDING: "is being sent",
    BlastState.PAUSED: "is paused",
    BlastState.SENT: "has been sent",
    BlastState.CANCELLED: "was cancelled",
    BlastState.EXPIRED: "could not begin and was dropped",
}
_WISHES = {
    Move.ASK: "it cannot be confirmed again",
    Move.SCHEDULE: "it cannot be scheduled",
    Move.UNSCHEDULE: "it cannot be taken back any more",
    Move.EXPIRE: "it cannot expire",
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
    return frozenset(move for from_state, move in MOVES if from_state is state) - _BY_ITSELF


def check_editable(state: BlastState) -> None:
    """:raises Conflict: once a blast has begun, what people got must stay what it was."""
    if state is not BlastState.DRAFT:
        undo = " Take it back first." if (state, Move.UNSCHEDULE) in MOVES else ""
        raise Conflict(f"This blast {_STANDS[state]}; only a draft can be changed.{undo}")
