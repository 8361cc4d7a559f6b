"""A lane: one connection to a relay in a loop of many, used for message after message.

Where the relay takes pipelined commands (RFC 2920), MAIL, RCPT and DATA go out together; while it is brisk,
those of the next message go out right behind the final dot of the one before, so that a message costs one
round trip. A lane always knows whether a final dot may have left.
"""

import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from service.delivery.parcels import Parcel
from service.delivery.replies import ACCEPTED, GO_ON, Kind, Phase, Reply, Verdict, classify
from service.delivery.smtp import Deadlines, SmtpSession
from service.delivery.wire import ConnectionLost

#: While the last dot was answered within this, the next envelope goes out behind the dot: whoever leaves in
#: the meantime is still seen to by the look before a message's text goes out.
BRISK_SECONDS = 0.025
#: Up to this size a mail and its dot go to the kernel in one call.
_AT_ONCE = 192 * 1024
_END = b".\r\n"


class LeaseLost(Exception):  # not an error: somebody else has the message now
    """The lease ended before the final dot; the message was not sent."""


@dataclass(frozen=True, slots=True)
class Result:
    """How far one message came, and what was said."""

    verdict: Verdict
    phase: Phase
    reply: Reply | None = None


class Crew(Protocol):
    """Who works the lanes: hands out messages, hears what became of them, guards the final dot."""

    def next_for(self, lane: "Lane") -> Parcel | None:
        """Return a message that may go out now, or None."""

    def before_dot(self, parcel: Parcel) -> None:
        """Write down that the final dot goes out now.

        :raises LeaseLost: it must not.
        """

    def holds_lease(self) -> bool:
        """Say whether a final dot that waits in our hands may still go out."""

    def withdrawn(self, parcel: Parcel) -> None:
        """Take it back: the final dot did not leave."""

    def settled(self, lane: "Lane", parcel: Parcel, result: Result) -> None:
        """Hear what the relay said of a message."""

    def write_down(self) -> None:
        """Write down what was settled: the next message begins, and this process may not live to end it."""

    def returned(self, lane: "Lane", parcel: Parcel, loss: Result | None) -> None:
        """Take back a message that the relay has certainly not got; `loss` says how the connection broke."""


class _Step(StrEnum):
    """What the next reply answers."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    #: A dot for a DATA that was accepted without a recipient (RFC 2920 3.1).
    LONE_DOT = "lone dot"
    RESET = "reset"


#: What nearly every reply says.
_AT_ONCE_CLEAR = {
    (_Step.MAIL, 250): GO_ON,
    (_Step.RCPT, 250): GO_ON,
    (_Step.DATA, 354): GO_ON,
    (_Step.DOT, 250): ACCEPTED,
}
_PHASES = {_Step.MAIL: Phase.MAIL, _Step.RCPT: Phase.RCPT, _Step.DATA: Phase.DATA, _Step.DOT: Phase.DOT}


class _Transaction:
    """One message on its way."""

    __slots__ = ("dot_at", "parcel", "pushed_at", "result")

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        #: The first refusal.
        self.result: Result | None = None
        #: Where the dot ends in all that the wire was given; 0 before.
        self.dot_at = 0
        self.pushed_at = 0.0


class Lane:
    """Sends over an open session whatever its crew hands out, until told to close."""

    def __init__(
        self,
        session: SmtpSession,
        crew: Crew,
        *,
        relay: str,
        deadlines: Deadlines,
        most_messages: int = 100,
        most_seconds: float = 300,
        ahead: bool = True,
    ) -> None:
        self.session, self.relay = session, relay
        self.closed = False
        #: Why it closed, where that was not our doing; and whether a message was under way.
        self.broken, self.broke_in_talk = "", False
        self.deadline = float("inf")
        self._crew = crew
        self._block_seconds = deadlines.block
        self._seconds = {
            _Step.MAIL: deadlines.mail,
            _Step.RCPT: deadlines.rcpt,
            _Step.DATA: deadlines.data,
            _Step.DOT: deadlines.dot,
            _Step.LONE_DOT: deadlines.data,
            _Step.RESET: deadlines.reset,
        }
        self._wire = session.wire
        self._pipelines = session.pipelines
        #: Whether an envelope may go out behind the dot before it.
        self._ahead = session.pipelines and ahead
        self._ends_at = session.opened_at + most_seconds
        self._most_messages = most_messages
        self._used = 0
        self._answered = 0
        self._expected: deque[tuple[_Step, _Transaction]] = deque()
        #: Commands that wait for the answer to the one before, where the relay takes no pipelining.
        self._later: deque[tuple[_Step, bytes]] = deque()
        self._unclean = self._brisk = self._ending = False
        #: A text that is with the kernel but for its dot.
        self._dotless: _Transaction | None = None
        self._wire.stop_waiting()

    @property
    def idle(self) -> bool:
        """Say whether nothing is under way, so that a message can begin or the session end politely."""
        return not self._expected and self._dotless is None

    @property
    def untouched(self) -> bool:
        """Say whether the relay has not answered anything since the session was opened."""
        return self._answered == 0

    @property
    def worn(self) -> bool:
        """Say whether the connection was used long enough (standards 99)."""
        return self._used >= self._most_messages or time.monotonic() > self._ends_at

    @property
    def wants_write(self) -> bool:
        return self._wire.full

    def fileno(self) -> int:
        return self._wire.fileno()

    def begin(self) -> None:
        """Take the next message, if the lane is idle and there is one."""
        while self.idle and not self.worn and not self.closed and not self._ending:
            parcel = self._take()
            if parcel is None:
                return
            self._crew.write_down()
            self._push(self._envelope(parcel))

    def readable(self) -> None:
        """Read what the relay has said, and go on."""
        try:
            self._wire.pull()
        except ConnectionLost as error:
            self._ending = True
            self._hear()
            self._fail(str(error))
            return
        self._hear()

    def writable(self) -> None:
        """Go on sending what the kernel did not take."""
        if not self._crew.holds_lease():
            self.hang_up()
            return
        try:
            self._wire.flush()
        except ConnectionLost as error:
            self._fail(str(error))
            return
        if not self._wire.full:
            self._finish_text()

    def expire(self) -> None:
        """The deadline has passed."""
        self._fail("The relay took too long to answer.")

    def hang_up(self) -> None:
        """Close without a word: what has no dot goes back, what has one is unknown."""
        self._fail("")

    def quit(self) -> None:
        """Leave an idle session politely."""
        self.closed = True
        self.session.quit()

    def shorten(self, deadline: float) -> None:
        """Wait no longer than until then for what is under way."""
        self.deadline = min(self.deadline, deadline)

    def owes(self) -> bool:
        """Say whether the relay owes an answer to a final dot."""
        return any(step is _Step.DOT for step, _ in self._expected) or self._dotless is not None

    def _take(self) -> Parcel | None:
        """Take a message; those that this relay cannot get are settled at once."""
        while (parcel := self._crew.next_for(self)) is not None:
            refusal = _refused_before_asking(self.session, parcel)
            if refusal is None:
                self._used += 1
                return parcel
            self._crew.settled(self, parcel, Result(refusal, Phase.MAIL))
        return None

    def _envelope(self, parcel: Parcel) -> bytes:
        """Expect the answers to a message's envelope, and return what to send of it now."""
        transaction = _Transaction(parcel)
        mail, rcpt, data = self.session.commands(parcel.envelope, size=len(parcel.raw))
        steps = [(_Step.MAIL, mail), (_Step.RCPT, rcpt), (_Step.DATA, data)]
        if self._unclean:
            self._unclean = False
            steps.insert(0, (_Step.RESET, b"RSET\r\n"))
        now = steps if self._pipelines else steps[:1]
        self._later.extend(steps[len(now) :])
        if not self._expected:
            self._allow(now[0][0])
        for step, _ in now:
            self._expected.append((step, transaction))
        return b"".join([command for _, command in now])

    def _hear(self) -> None:
        """Work off every complete reply."""
        before = self._answered
        try:
            while not self.closed and (reply := self._wire.next_reply()) is not None:
                if not self._expected:
                    self._fail(f"The relay spoke unasked ({reply.code}).")
                    return
                self._answered += 1
                self._answer(*self._expected.popleft(), reply)
            if self._expected and not self.closed and self._answered != before:
                self._allow(self._expected[0][0])
        except ConnectionLost as error:
            self._fail(str(error))
            return
        if not self._expected:
            self.deadline = float("inf")
        self.begin()

    def _answer(self, step: _Step, transaction: _Transaction, reply: Reply) -> None:
        if step is _Step.RESET:
            if reply.code != 250:
                self._put_back(transaction)
                self._fail("")
                return
            self._go_on(transaction)
            return
        if step is _Step.LONE_DOT:
            self._over(transaction)
            return
        phase = _PHASES[step]
        verdict = _AT_ONCE_CLEAR.get((step, reply.code)) or classify(phase, reply)
        if step is _Step.DOT:
            self._brisk = time.monotonic() - transaction.pushed_at < BRISK_SECONDS
            self._crew.settled(self, transaction.parcel, Result(verdict, phase, reply))
            if verdict.drop_connection:
                self._fail("")
            elif verdict.kind is not Kind.ACCEPTED:
                self._unclean = not self._expected
            return
        if verdict.kind is not Kind.GO_ON and transaction.result is None:
            transaction.result = Result(verdict, phase, reply)
        self._after_envelope(step, transaction, taken=verdict.kind is Kind.GO_ON)

    def _after_envelope(self, step: _Step, transaction: _Transaction, *, taken: bool) -> None:
        refused = transaction.result
        if refused is not None and refused.verdict.drop_connection:
            self._crew.settled(self, transaction.parcel, refused)
            self._forget(transaction)
            self._fail("")
        elif step is _Step.DATA:
            if refused is None:
                self._text(transaction)
            elif taken:
                self._expected.append((_Step.LONE_DOT, transaction))
                self._push(_END)
            else:
                self._over(transaction)
        elif refused is not None and self._later:
            # Nothing more of this message was sent yet, and nothing needs to be.
            self._later.clear()
            self._over(transaction)
        else:
            self._go_on(transaction)

    def _go_on(self, transaction: _Transaction) -> None:
        """Send the next command, where the relay wants them one by one."""
        if self._later:
            step, command = self._later.popleft()
            self._expected.append((step, transaction))
            self._push(command)

    def _over(self, transaction: _Transaction) -> None:
        """A message was refused before its dot; the session forgets it before the next."""
        assert transaction.result is not None
        self._unclean = True
        self._crew.settled(self, transaction.parcel, transaction.result)

    def _text(self, transaction: _Transaction) -> None:
        """Send the text, its dot, and where the relay is brisk the next envelope, in one call if it fits."""
        if self._ending:
            self._put_back(transaction)
            return
        raw = transaction.parcel.raw
        # A search through 30 KB takes 16 µs, a tenth of all that is done for a mail.
        if transaction.parcel.dots and (b"\r\n." in raw or raw.startswith(b".")):
            raw = (b"." if raw.startswith(b".") else b"") + raw.replace(b"\r\n.", b"\r\n..")
        if self._wire.full or len(raw) > _AT_ONCE:
            self._dotless = transaction
            self._push(raw)
            if not self.closed and not self._wire.full:
                self._finish_text()
            return
        self._dot(transaction, raw)

    def _finish_text(self) -> None:
        """Send the dot of a text that the kernel has taken."""
        if self._dotless is not None:
            transaction, self._dotless = self._dotless, None
            self._dot(transaction, b"")

    def _dot(self, transaction: _Transaction, before: bytes) -> None:
        try:
            self._crew.before_dot(transaction.parcel)
        except LeaseLost:
            self._put_back(transaction)
            self._fail("")
            return
        transaction.dot_at = self._wire.given + len(before) + len(_END)
        transaction.pushed_at = time.monotonic()
        self._expected.append((_Step.DOT, transaction))
        parts = [before, _END] if before else [_END]
        if self._ahead and self._brisk and not self.worn:
            parcel = self._take()
            if parcel is not None:
                parts.append(self._envelope(parcel))
        self._push(*parts)

    def _push(self, *parts: bytes) -> None:
        if not self.closed:
            try:
                self._wire.push(*parts)
            except ConnectionLost as error:
                self._fail(str(error))
            else:
                if self._expected:
                    self._allow(self._expected[0][0])
                elif self._dotless is not None:
                    self.deadline = time.monotonic() + self._block_seconds

    def _allow(self, step: _Step) -> None:
        """Say how long the answer that is owed next may take."""
        seconds = self._seconds[step]
        if self._wire.full:
            seconds = max(seconds, self._block_seconds)
        self.deadline = time.monotonic() + seconds

    def _fail(self, why: str) -> None:
        """Close, and say of every message under way what can be said of it."""
        if self.closed:
            return
        self.closed, self.broken, self.broke_in_talk = True, why, not self.idle
        self.session.close()
        under_way: dict[int, tuple[_Step, _Transaction]] = {}
        for step, transaction in self._expected:
            under_way.setdefault(id(transaction), (step, transaction))
        self._expected.clear()
        if self._dotless is not None:
            under_way[id(self._dotless)] = (_Step.DATA, self._dotless)
        for step, transaction in under_way.values():
            self._lost(transaction, _PHASES.get(step, Phase.MAIL), asked=bool(why))

    def _lost(self, transaction: _Transaction, phase: Phase, *, asked: bool) -> None:
        """Say what became of a message whose connection is gone; `asked` where the relay broke it off."""
        parcel = transaction.parcel
        if transaction.dot_at and self._wire.has_left(transaction.dot_at):
            self._crew.settled(self, parcel, Result(classify(Phase.DOT, None), Phase.DOT))
            return
        if transaction.dot_at:
            self._crew.withdrawn(parcel)
            phase = Phase.DATA
        if transaction.result is not None:
            self._crew.settled(self, parcel, transaction.result)
        else:
            self._crew.returned(self, parcel, Result(classify(phase, None), phase) if asked else None)

    def _put_back(self, transaction: _Transaction) -> None:
        self._forget(transaction)
        self._crew.returned(self, transaction.parcel, None)

    def _forget(self, transaction: _Transaction) -> None:
        self._expected = deque(each for each in self._expected if each[1] is not transaction)
        self._later.clear()


def _refused_before_asking(session: SmtpSession, parcel: Parcel) -> Verdict | None:
    if session.largest is not None and len(parcel.raw) > session.largest:
        return Verdict(Kind.FAILED, "too_big")
    if parcel.envelope.needs_smtputf8 and not session.takes_smtputf8:
        return Verdict(Kind.FAILED, "needs_smtputf8")
    return None
