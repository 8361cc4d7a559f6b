"""What goes through the ledger now and in the last 24 hours: read from the counters, not by counting."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery import accounting, queries
from service.delivery.models import PENDING, MailingTally, MessageState, Stream

_IN_HAND = (MessageState.CLAIMED, MessageState.SENDING)
_OPEN = [*PENDING, MessageState.UNKNOWN]


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages of all mailings together."""

    #: Planned, and those of paused mailings.
    queued: int = 0
    #: In a worker's hands.
    sending: int = 0
    #: Refused for now; to be tried again.
    deferred: int = 0
    #: Unknown, and nobody has decided yet.
    undecided: int = 0
    sent_today: int = 0
    sent_day: int = 0
    skipped_day: dict[str, int] = field(default_factory=dict)
    failed_day: dict[str, int] = field(default_factory=dict)
    #: Since when the first message in line is due; None while nothing waits.
    waiting_since: datetime | None = None


def read_flow(session: Session, *, now: datetime) -> Flow:
    """Return the flow of the whole installation."""
    counts = _counts_now(session)
    by_state = accounting.account_of(counts).by_state
    day = _day(session, since=day_start(now))
    return Flow(
        queued=by_state.get(MessageState.PLANNED, 0) + by_state.get(MessageState.HELD, 0),
        sending=sum(by_state.get(state, 0) for state in _IN_HAND),
        deferred=by_state.get(MessageState.DEFERRED, 0),
        undecided=sum(
            n
            for (state, reason), n in counts.items()
            if state is MessageState.UNKNOWN and reason != accounting.LEFT
        ),
        sent_today=_day(session, since=midnight(now)).sent,
        sent_day=day.sent,
        skipped_day=day.skipped,
        failed_day=day.failed,
        waiting_since=_waiting_since(session, now=now),
    )


def day_start(now: datetime) -> datetime:
    """The full hour, 24 hours ago: where "the last 24 hours" begin, on the overview and in its lists."""
    return (now - timedelta(hours=24)).replace(minute=0, second=0, microsecond=0)


def hour_start(now: datetime) -> datetime:
    """An hour ago: the way out's "last hour"."""
    return now - timedelta(hours=1)


def midnight(now: datetime) -> datetime:
    """When today began (UTC)."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _counts_now(session: Session) -> accounting.Counts:
    rows = session.execute(
        select(MailingTally.state, MailingTally.reason, func.sum(MailingTally.n))
        .where(MailingTally.state.in_(_OPEN))
        .group_by(MailingTally.state, MailingTally.reason)
    )
    return {(state, reason): int(n) for state, reason, n in rows}


def _day(session: Session, *, since: datetime) -> accounting.Account:
    """What came into its state since then."""
    rows = session.execute(
        select(MailingTally.state, MailingTally.reason, func.sum(MailingTally.n))
        .where(MailingTally.hour >= since, MailingTally.state.not_in(_OPEN))
        .group_by(MailingTally.state, MailingTally.reason)
    )
    return accounting.account_of({(state, reason): int(n) for state, reason, n in rows if n})


def _waiting_since(session: Session, *, now: datetime) -> datetime | None:
    heads = [queries.oldest_due(session, stream, now=now) for stream in Stream]
    return min((head for head in heads if head is not None), default=None)
