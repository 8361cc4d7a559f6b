"""The steps of a conversation with a relay, and the message that goes through them."""

from collections import deque
from enum import StrEnum

from service.delivery.crew import Result
from service.delivery.parcels import Parcel
from service.delivery.replies import ACCEPTED, GO_ON, Phase
from service.delivery.smtp import Deadlines


class Step(StrEnum):
    """What the next reply answers."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    #: A dot for a DATA that was accepted without a recipient (RFC 2920 3.1).
    LONE_DOT = "lone dot"
    RESET = "reset"


#: What nearly every reply says.
CLEAR_AT_ONCE = {
    (Step.MAIL, 250): GO_ON,
    (Step.RCPT, 250): GO_ON,
    (Step.DATA, 354): GO_ON,
    (Step.DOT, 250): ACCEPTED,
}
_MAIL, _RCPT, _OK = Step.MAIL, Step.RCPT, 250
PHASES = {Step.MAIL: Phase.MAIL, Step.RCPT: Phase.RCPT, Step.DATA: Phase.DATA, Step.DOT: Phase.DOT}


class Transaction:
    """One message on its way."""

    __slots__ = ("dot_at", "parcel", "pushed_at", "result")

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        #: The first refusal.
        self.result: Result | None = None
        #: Where the dot ends in all that the wire was given; 0 before.
        self.dot_at = 0
        self.pushed_at = 0.0


def seconds_by_step(deadlines: Deadlines) -> dict[Step, float]:
    """Return how long the answer to each step may take."""
    return {
        Step.MAIL: deadlines.mail,
        Step.RCPT: deadlines.rcpt,
        Step.DATA: deadlines.data,
        Step.DOT: deadlines.dot,
        Step.LONE_DOT: deadlines.data,
        Step.RESET: deadlines.reset,
    }


class Conversation:
    """What the relay owes an answer to, in order; and what waits to be said where it takes no pipelining."""

    def __init__(self, deadlines: Deadlines, *, pipelines: bool) -> None:
        self._pipelines = pipelines
        self._seconds, self._block = seconds_by_step(deadlines), deadlines.block
        self.owed: deque[tuple[Step, Transaction]] = deque()
        self._later: deque[tuple[Step, bytes]] = deque()

    def open(self, commands: list[tuple[Step, bytes]], transaction: Transaction) -> bytes:
        """Begin a message; return what to send of its envelope now."""
        now = commands if self._pipelines else commands[:1]
        self._later.extend(commands[len(now) :])
        self.owed.extend((step, transaction) for step, _ in now)
        return b"".join([command for _, command in now])

    def answered(self, code: int) -> tuple[Step, Transaction] | None:
        """Return what the next reply answers; None where all is well and what follows is said already.

        Half of all replies are of that kind.
        """
        step, transaction = self.owed.popleft()
        clear = code == _OK and (step is _MAIL or step is _RCPT)
        return None if clear and self._pipelines and transaction.result is None else (step, transaction)

    def patience(self, *, sending: bool) -> float:
        """Return for how many seconds the next answer may be waited for from now."""
        seconds = self._seconds[self.owed[0][0]] if self.owed else self._block
        return max(seconds, self._block) if sending else seconds

    def go_on(self, transaction: Transaction) -> bytes:
        """Return the next command that waits, if there is one."""
        if not self._later:
            return b""
        step, command = self._later.popleft()
        self.owed.append((step, transaction))
        return command

    def cut_short(self) -> bool:
        """Leave out what waits to be said; say whether anything did."""
        waited = bool(self._later)
        self._later.clear()
        return waited

    def forget(self, transaction: Transaction) -> None:
        """Wait for no answer about a message any more: the connection ends."""
        self.owed = deque(each for each in self.owed if each[1] is not transaction)
        self._later.clear()

    def end(self) -> list[tuple[Step, Transaction]]:
        """Return every message under way, with the first step that was not answered."""
        under_way: dict[int, tuple[Step, Transaction]] = {}
        for step, transaction in self.owed:
            under_way.setdefault(id(transaction), (step, transaction))
        self.owed.clear()
        return list(under_way.values())
