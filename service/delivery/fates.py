"""What a result on the wire means for a message: sent, tried again, ended, or left to an operator."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery import backoff
from service.delivery.crew import Result
from service.delivery.due import Due
from service.delivery.models import Attempt, MessageState, Stream
from service.delivery.outcomes import Outcome
from service.delivery.parcels import expires_at
from service.delivery.replies import Kind

#: A confirmation of unknown outcome is sent again, but not for ever.
MOST_RESENDS = 3

_PROBLEMS = {
    "our_setup": "The relay does not accept our set-up ({code}): check login, DNS records and TLS.",
    "sender_refused": "The relay does not accept our sender address ({code}).",
    "relay_refuses": "The relay refuses us ({code}).",
    "quota": "The mailbox provider limits us ({code}); sending goes on later.",
}


def fate_of(
    message: Due, result: Result, *, address_hash: bytes, now: datetime, dice: float, relay: str
) -> Outcome:
    """Turn what the relay said into an outcome."""
    kind, reason = result.verdict.kind, result.verdict.reason
    state, bounce, due_at = MessageState.FAILED, "", None
    if kind is Kind.ACCEPTED:
        state = MessageState.SENT
    elif kind is Kind.REJECTED:
        bounce = "hard" if result.verdict.hard else "soft"
    elif kind is Kind.UNKNOWN and not may_resend(message):
        state = MessageState.UNKNOWN
    elif kind is not Kind.FAILED:
        due_at = _next_try(message, now=now, dice=dice)
        state = MessageState.DEFERRED if due_at else MessageState.EXPIRED
        reason = reason if due_at else "too_late"
    return Outcome(
        mailing_id=message.mailing_id,
        message_id=message.id,
        state=state,
        at=now,
        reason=reason,
        phase=result.phase.value,
        code=result.reply.code if result.reply else None,
        enhanced_code=result.reply.enhanced_code if result.reply else None,
        reply=result.reply.text if result.reply else "",
        due_at=due_at,
        bounce=bounce,
        address_hash=address_hash if bounce else b"",
        relay=relay,
    )


def may_resend(message: Due) -> bool:
    """Say whether a second copy is harmless: it is for a confirmation, and not for a newsletter."""
    return message.stream is Stream.TRANSACTIONAL and message.attempts < MOST_RESENDS


def fates_of_broken(session: Session, messages: Sequence[Due], *, now: datetime) -> list[Outcome]:
    """Try broken messages a few times, in case a fix is under way, then set them aside."""
    if not messages:
        return []
    rows = session.execute(
        select(Attempt.message_id, func.count())
        .where(
            Attempt.mailing_id.in_({message.mailing_id for message in messages}),
            Attempt.message_id.in_([message.id for message in messages]),
            Attempt.phase == "compose",
        )
        .group_by(Attempt.message_id)
    )
    tries: dict[int, int] = {row[0]: row[1] for row in rows}
    outcomes = []
    for message in messages:
        due_at = backoff.broken_retry_at(attempts=tries.get(message.id, 0) + 1, now=now)
        outcomes.append(
            Outcome(
                mailing_id=message.mailing_id,
                message_id=message.id,
                state=MessageState.DEFERRED if due_at else MessageState.FAILED,
                at=now,
                reason="broken",
                phase="compose",
                due_at=due_at,
            )
        )
    return outcomes


def problem_of(result: Result) -> str:
    """Say for an operator why the relay rests."""
    code = "no answer"
    if result.reply is not None:
        code = f"{result.reply.code} {result.reply.enhanced_code or ''}".strip()
    sentence = _PROBLEMS.get(result.verdict.reason, "The relay asks us to come back later ({code}).")
    return sentence.format(code=code)


def _next_try(message: Due, *, now: datetime, dice: float) -> datetime | None:
    return backoff.retry_at(
        message.stream,
        attempts=message.attempts + 1,
        created_at=message.created_at,
        now=now,
        dice=dice,
        expires_at=expires_at(message),
    )
