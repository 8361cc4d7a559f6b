"""A lane: one connection to the relay, used for message after message, opened again when it must be."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from service.delivery.replies import Kind, Phase, Reply, Verdict, classify
from service.delivery.smtp import Deadlines, Envelope, RelayUnusable, SmtpSession
from service.delivery.wire import ConnectionLost, OnWait
from service.settings import RelayAddress

#: Fresh connections that break in a row before the relay itself is held to be ill.
MOST_LOSSES = 3


class LeaseLost(Exception):  # not an error: somebody else has the message now
    """The lease ended before the final dot; the message was not sent."""


@dataclass(frozen=True, slots=True)
class Result:
    """How far one message came, and what was said."""

    verdict: Verdict
    phase: Phase
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """What must happen around the final dot: `before` may raise LeaseLost, `withdrawn` takes it back."""

    before: Callable[[], None]
    withdrawn: Callable[[], None]


class Lane:
    """Sends one message at a time and always knows whether its final dot went out."""

    def __init__(
        self,
        relay: RelayAddress,
        *,
        helo_name: str,
        on_wait: OnWait,
        deadlines: Deadlines | None = None,
        most_messages: int = 100,
        most_seconds: float = 300,
    ) -> None:
        self._relay = relay
        self._helo_name = helo_name
        self._on_wait = on_wait
        self._deadlines = deadlines or Deadlines()
        self._most_messages = most_messages
        self._most_seconds = most_seconds
        self._session: SmtpSession | None = None
        self._used = 0
        self._losses = 0

    def send(self, envelope: Envelope, raw: bytes, *, gate: Gate) -> Result:
        """Send one message.

        :raises RelayUnusable: no message is to blame; nothing went out.
        :raises LeaseLost: from the gate; nothing went out.
        """
        fresh = self._session is None
        result = self._attempt(envelope, raw, gate)
        if result.reply is None and result.verdict.kind is Kind.DEFERRED and not fresh:
            # Some relays hang up after a number of messages and say nothing: no failure of this one.
            fresh, result = True, self._attempt(envelope, raw, gate)
        self._count_losses(result, fresh=fresh)
        return result

    def rotate(self) -> None:
        """Say goodbye to a connection that was used long enough; call it when everything is recorded."""
        session = self._session
        if session is None:
            return
        if self._used >= self._most_messages or time.monotonic() - session.opened_at > self._most_seconds:
            self.close()

    def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.quit()

    def _attempt(self, envelope: Envelope, raw: bytes, gate: Gate) -> Result:
        session = self._open()
        self._used += 1
        try:
            result = _transact(session, envelope, raw, gate)
        except BaseException:
            # In the middle of DATA there is no way back but to hang up without the dot.
            self._drop()
            raise
        if result.verdict.drop_connection or (
            result.verdict.kind is not Kind.ACCEPTED and not session.reset()
        ):
            self._drop()
        return result

    def _open(self) -> SmtpSession:
        if self._session is None:
            self._session = SmtpSession.connect(
                self._relay, helo_name=self._helo_name, on_wait=self._on_wait, deadlines=self._deadlines
            )
            self._used = 0
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _count_losses(self, result: Result, *, fresh: bool) -> None:
        if result.reply is not None or result.verdict.kind is Kind.FAILED:
            self._losses = 0
            return
        self._losses += 1
        lost_early = fresh and result.phase is Phase.MAIL
        if result.verdict.kind is Kind.DEFERRED and (lost_early or self._losses >= MOST_LOSSES):
            where = f"{self._relay.host}:{self._relay.port}"
            raise RelayUnusable(f"The relay {where} breaks off every connection.")


def _transact(session: SmtpSession, envelope: Envelope, raw: bytes, gate: Gate) -> Result:
    refusal = _refused_before_asking(session, envelope, raw)
    if refusal is not None:
        return Result(refusal, Phase.MAIL)
    steps: tuple[tuple[Phase, Callable[[], Reply]], ...] = (
        (Phase.MAIL, lambda: session.mail(envelope, size=len(raw))),
        (Phase.RCPT, lambda: session.rcpt(envelope)),
        (Phase.DATA, session.data),
    )
    phase = Phase.MAIL
    try:
        for phase, ask in steps:
            reply = ask()
            verdict = classify(phase, reply)
            if verdict.kind is not Kind.GO_ON:
                return Result(verdict, phase, reply)
        session.body(raw)
    except ConnectionLost:
        return Result(classify(phase, None), phase)
    gate.before()
    return _finish(session, gate)


def _finish(session: SmtpSession, gate: Gate) -> Result:
    try:
        session.dot()
    except ConnectionLost as error:
        if error.untouched:
            gate.withdrawn()
            return Result(classify(Phase.DATA, None), Phase.DATA)
        return Result(classify(Phase.DOT, None), Phase.DOT)
    try:
        reply = session.dot_reply()
    except ConnectionLost:
        return Result(classify(Phase.DOT, None), Phase.DOT)
    return Result(classify(Phase.DOT, reply), Phase.DOT, reply)


def _refused_before_asking(session: SmtpSession, envelope: Envelope, raw: bytes) -> Verdict | None:
    if session.largest is not None and len(raw) > session.largest:
        return Verdict(Kind.FAILED, "too_big")
    if envelope.needs_smtputf8 and not session.takes_smtputf8:
        return Verdict(Kind.FAILED, "needs_smtputf8")
    return None
