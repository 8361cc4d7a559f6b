"""The breaker of a mailing: too many errors among its latest outcomes pause it, with a reason.

Errors are what receivers refuse for good and what cannot be sent at all. Deferrals never count: those say
"later", and the throttle listens. Confirmations are never paused: who signs up dead addresses must not be
able to lock readers out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service import audit
from service.delivery import mailings
from service.delivery.models import Mailing, MailingBreaker, MailingState, MessageState, Stream
from service.delivery.outcomes import Outcome

#: Beyond so many times the least number of outcomes old ones fade, so that the latest decide.
_MEMORY = 10


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """What became of messages that were tried: sent or failed, and how many of them failed."""

    outcomes: int = 0
    errors: int = 0

    def __add__(self, other: "OutcomeCounts") -> "OutcomeCounts":
        return OutcomeCounts(self.outcomes + other.outcomes, self.errors + other.errors)


@dataclass(frozen=True, slots=True)
class ErrorLimit:
    """More than this share of errors pauses a mailing, once there are so many outcomes."""

    percent: float = 10
    outcomes: int = 100

    def is_passed(self, counts: OutcomeCounts) -> bool:
        return counts.outcomes >= self.outcomes and counts.errors * 100 > self.percent * counts.outcomes

    @property
    def memory(self) -> int:
        return _MEMORY * self.outcomes


@dataclass(frozen=True, slots=True)
class Tripped:
    """A mailing that was paused just now."""

    mailing_id: int
    reason: str


def count(outcomes: Iterable[Outcome]) -> dict[int, OutcomeCounts]:
    """Count the outcomes of a window by mailing."""
    found: dict[int, OutcomeCounts] = {}
    for outcome in outcomes:
        if outcome.state in {MessageState.SENT, MessageState.FAILED}:
            one = OutcomeCounts(1, int(outcome.state is MessageState.FAILED))
            found[outcome.mailing_id] = found.get(outcome.mailing_id, OutcomeCounts()) + one
    return found


def note(
    session: Session,
    counts: Mapping[int, OutcomeCounts],
    *,
    now: datetime,
    limit: ErrorLimit | None = None,
) -> list[Tripped]:
    """Add a window's counts and pause the mailings that pass the limit; return those.

    One statement; call it in a transaction of its own, since it locks what pause and stop lock too.
    """
    limit = limit or ErrorLimit()
    totals = _add(session, counts, limit) if counts else {}
    return [
        Tripped(mailing_id, reason)
        for mailing_id, total in sorted(totals.items())
        if limit.is_passed(total) and (reason := _trip(session, mailing_id, total, now=now))
    ]


def _add(
    session: Session, counts: Mapping[int, OutcomeCounts], limit: ErrorLimit
) -> dict[int, OutcomeCounts]:
    # In the order of ids: two senders that count the same mailings wait for each other, not in a circle.
    values = [
        {"mailing_id": mailing_id, "outcomes": each.outcomes, "errors": each.errors}
        for mailing_id, each in sorted(counts.items())
    ]
    new = insert(MailingBreaker).values(values)
    halve = MailingBreaker.outcomes > limit.memory
    rows = session.execute(
        new.on_conflict_do_update(
            index_elements=[MailingBreaker.mailing_id],
            set_={
                name: case((halve, column // 2), else_=column) + new.excluded[name]
                for name, column in (
                    ("outcomes", MailingBreaker.outcomes),
                    ("errors", MailingBreaker.errors),
                )
            },
        ).returning(MailingBreaker.mailing_id, MailingBreaker.outcomes, MailingBreaker.errors)
    )
    return {mailing_id: OutcomeCounts(outcomes, errors) for mailing_id, outcomes, errors in rows}


def _trip(session: Session, mailing_id: int, total: OutcomeCounts, *, now: datetime) -> str | None:
    query = select(Mailing).where(Mailing.id == mailing_id).with_for_update()
    mailing = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if mailing is None or mailing.state is not MailingState.SENDING or mailing.stream is Stream.TRANSACTIONAL:
        return None
    share = round(100 * total.errors / total.outcomes)
    reason = f"{total.errors:,} of its latest {total.outcomes:,} outcomes were errors ({share} %)."
    mailings.pause(session, mailing_id, now=now, by=mailings.SYSTEM, reason=reason)
    audit.record(
        session,
        actor=mailings.SYSTEM,
        action="mailing.paused",
        subject=f"mailing {mailing_id}",
        now=now,
        before={"state": MailingState.SENDING.value},
        after={"state": MailingState.PAUSED.value, "reason": reason},
    )
    return reason
