"""A lane: one connection to a relay in a loop of many, used for message after message.

Where the relay takes pipelined commands (RFC 2920), MAIL, RCPT and DATA go out together; while it is brisk,
those of the next message go out right behind the final dot of the one before, so that a message costs one
round trip. A lane always knows whether a final dot may have left.
"""

import time

from service.delivery.crew import Crew, LeaseLost, Result
from service.delivery.parcels import Parcel
from service.delivery.replies import Kind, Phase, Reply, classify
from service.delivery.smtp import Deadlines, SmtpSession
from service.delivery.steps import CLEAR_AT_ONCE, PHASES, Conversation, Step, Transaction
from service.delivery.wire import ConnectionLost

#: While the last dot was answered within this, the next envelope goes out behind the dot: whoever leaves in
#: the meantime is still seen to by the look before a message's text goes out.
BRISK_SECONDS = 0.025
#: Up to this size a mail and its dot go to the kernel in one call.
_AT_ONCE = 192 * 1024
_END = b".\r\n"


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
        self.wire = session.wire
        #: Whether an envelope may go out behind the dot before it.
        self._ahead = session.pipelines and ahead
        self._ends_at = session.opened_at + most_seconds
        self._most_messages = most_messages
        self._used = 0
        #: Whether the relay has answered nothing since the session was opened.
        self.untouched = True
        self._talk = Conversation(deadlines, pipelines=session.pipelines)
        self._unclean = self._brisk = self._ending = False
        #: A text that is with the kernel but for its dot.
        self._dotless: Transaction | None = None
        self.wire.stop_waiting()

    @property
    def idle(self) -> bool:
        """Say whether nothing is under way, so that a message can begin or the session end."""
        return not self._talk.owed and self._dotless is None

    @property
    def worn(self) -> bool:
        """Say whether the connection was used long enough (standards 99)."""
        return self._used >= self._most_messages or time.monotonic() > self._ends_at

    def fileno(self) -> int:
        return self.wire.fileno()

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
            self.wire.pull()
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
            self.wire.flush()
        except ConnectionLost as error:
            self._fail(str(error))
        else:
            if not self.wire.full:
                self._finish_text()

    def hang_up(self, why: str = "") -> None:
        """Close without a word: what has no dot goes back, what has one is unknown. `why` blames it."""
        self._fail(why)

    def quit(self) -> None:
        """Leave an idle session politely."""
        self.closed = True
        self.session.quit()

    def shorten(self, deadline: float) -> None:
        """Wait no longer than until then for what is under way."""
        self.deadline = min(self.deadline, deadline)

    def owes(self) -> bool:
        """Say whether the relay owes an answer to a final dot."""
        return any(step is Step.DOT for step, _ in self._talk.owed) or self._dotless is not None

    def _take(self) -> Parcel | None:
        """Take a message; those that this relay cannot get are settled at once."""
        while (parcel := self._crew.next_for(self.relay, busy=not self.idle)) is not None:
            refusal = self.session.refusal(parcel.envelope, size=len(parcel.raw))
            if refusal is None:
                self._used += 1
                return parcel
            self._crew.settled(self.relay, parcel, Result(refusal, Phase.MAIL))
        return None

    def _envelope(self, parcel: Parcel) -> bytes:
        """Expect the answers to a message's envelope, and return what to send of it now."""
        transaction = Transaction(parcel)
        mail, rcpt, data = self.session.commands(parcel.envelope, size=len(parcel.raw))
        steps = [(Step.MAIL, mail), (Step.RCPT, rcpt), (Step.DATA, data)]
        if self._unclean:
            self._unclean = False
            steps.insert(0, (Step.RESET, b"RSET\r\n"))
        return self._talk.open(steps, transaction)

    def _hear(self) -> None:
        """Work off every complete reply."""
        heard, talk = False, self._talk
        try:
            while not self.closed and (reply := self.wire.next_reply()) is not None:
                if not talk.owed:
                    self._unasked(reply)
                    return
                self.untouched, heard = False, True
                if (answered := talk.answered(reply.code)) is not None:
                    self._answer(*answered, reply)
            if talk.owed and not self.closed and heard:
                self._allow()
        except ConnectionLost as error:
            self._fail(str(error))
            return
        if not talk.owed:
            self.deadline = float("inf")
        self.begin()

    def _unasked(self, reply: Reply) -> None:
        """A relay may refuse a text before it has all of it; anything else is out of step."""
        if self._dotless is not None and reply.code >= 400:
            self._dotless.result = Result(classify(Phase.DOT, reply), Phase.DATA, reply)
        self._fail(f"The relay spoke unasked ({reply.code}).")

    def _answer(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        if step is Step.RESET:
            if reply.code == 250:
                self._go_on(transaction)
            else:
                self._put_back(transaction)
            return
        if step is Step.LONE_DOT:
            self._over(transaction)
            return
        phase = PHASES[step]
        verdict = CLEAR_AT_ONCE.get((step, reply.code)) or classify(phase, reply)
        if step is Step.DOT:
            self._brisk = time.monotonic() - transaction.pushed_at < BRISK_SECONDS
            self._crew.settled(self.relay, transaction.parcel, Result(verdict, phase, reply))
            if verdict.drop_connection:
                self._fail("")
            elif verdict.kind is not Kind.ACCEPTED:
                self._unclean = not self._talk.owed
            return
        if verdict.kind is not Kind.GO_ON and transaction.result is None:
            transaction.result = Result(verdict, phase, reply)
        self._after_envelope(step, transaction, taken=verdict.kind is Kind.GO_ON)

    def _after_envelope(self, step: Step, transaction: Transaction, *, taken: bool) -> None:
        refused = transaction.result
        if refused is not None and refused.verdict.drop_connection:
            self._crew.settled(self.relay, transaction.parcel, refused)
            self._talk.forget(transaction)
            self._fail("")
        elif step is Step.DATA:
            if refused is None:
                self._text(transaction)
            elif taken:
                self._talk.owed.append((Step.LONE_DOT, transaction))
                self._push(_END)
            else:
                self._over(transaction)
        elif refused is not None and self._talk.cut_short():
            # Nothing more of this message was sent yet, and nothing needs to be.
            self._over(transaction)
        else:
            self._go_on(transaction)

    def _go_on(self, transaction: Transaction) -> None:
        """Send the next command, where the relay wants them one by one."""
        if command := self._talk.go_on(transaction):
            self._push(command)

    def _over(self, transaction: Transaction) -> None:
        """A message was refused before its dot; the session forgets it before the next."""
        assert transaction.result is not None
        self._unclean = True
        self._crew.settled(self.relay, transaction.parcel, transaction.result)

    def _text(self, transaction: Transaction) -> None:
        """Send the text, its dot, and where the relay is brisk the next envelope, in one call if it fits."""
        if self._ending:
            # Nothing can be sent any more: the message is lost with the connection.
            self._talk.owed.appendleft((Step.DATA, transaction))
            return
        raw = transaction.parcel.stuffed
        if self.wire.full or len(raw) > _AT_ONCE:
            self._dotless = transaction
            self._push(raw)
            if not self.closed and not self.wire.full:
                self._finish_text()
            return
        self._dot(transaction, raw)

    def _finish_text(self) -> None:
        """Send the dot of a text that the kernel has taken."""
        if self._dotless is not None:
            transaction, self._dotless = self._dotless, None
            self._dot(transaction, b"")

    def _dot(self, transaction: Transaction, before: bytes) -> None:
        try:
            self._crew.before_dot(transaction.parcel)
        except LeaseLost:
            self._put_back(transaction)
            return
        transaction.dot_at = self.wire.given + len(before) + len(_END)
        transaction.pushed_at = time.monotonic()
        self._talk.owed.append((Step.DOT, transaction))
        parts = [before, _END] if before else [_END]
        if self._ahead and self._brisk and not self.worn and (parcel := self._take()) is not None:
            parts.append(self._envelope(parcel))
        self._push(*parts)

    def _push(self, *parts: bytes) -> None:
        if not self.closed:
            try:
                self.wire.push(*parts)
            except ConnectionLost as error:
                self._fail(str(error))
            else:
                self._allow()

    def _allow(self) -> None:
        """Begin to wait for the answer that is owed next."""
        self.deadline = time.monotonic() + self._talk.patience(sending=self.wire.full)

    def _fail(self, why: str) -> None:
        """Close, and say of every message under way what can be said of it."""
        if self.closed:
            return
        self.closed, self.broken, self.broke_in_talk = True, why, not self.idle
        self.session.close()
        dotless = [(Step.DATA, self._dotless)] if self._dotless is not None else []
        for step, transaction in self._talk.end() + dotless:
            self._lost(transaction, PHASES.get(step, Phase.MAIL), asked=bool(why))

    def _lost(self, transaction: Transaction, phase: Phase, *, asked: bool) -> None:
        """Say what became of a message whose connection is gone; `asked` where the relay broke it off."""
        parcel = transaction.parcel
        if transaction.dot_at and self.wire.has_left(transaction.dot_at):
            self._crew.settled(self.relay, parcel, Result(classify(Phase.DOT, None), Phase.DOT))
            return
        if transaction.dot_at:
            self._crew.withdrawn(parcel)
            phase = Phase.DATA
        if transaction.result is not None:
            self._crew.settled(self.relay, parcel, transaction.result)
        else:
            self._crew.returned(self.relay, parcel, Result(classify(phase, None), phase) if asked else None)

    def _put_back(self, transaction: Transaction) -> None:
        """Give a message back and hang up: there is no way back from where it is."""
        self._talk.forget(transaction)
        self._crew.returned(self.relay, transaction.parcel, None)
        self._fail("")
