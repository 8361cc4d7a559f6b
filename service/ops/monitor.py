"""The queue monitor: what goes out now, how long it will take, and each queue by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery import holds, operator_limits, queries
from service.delivery.models import (
    PENDING,
    Mailing,
    MailingState,
    MailingTally,
    Message,
    MessageState,
    OperatorLimit,
    Stream,
)
from service.ops import actors, heartbeats, traffic
from service.ops.flow import Flow, read_flow
from service.ops.traffic import Fates, Minutes

_WAITING = (MessageState.PLANNED, MessageState.DEFERRED)
_IN_HAND = (MessageState.CLAIMED, MessageState.SENDING)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A limit that an operator has set, and who it was."""

    rate: float
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Now:
    """The strip on top: everything together."""

    #: Mails a second.
    rate: float
    #: How long what may go out will take at this rate; None while nothing goes or nothing waits.
    remaining: timedelta | None
    flow: Flow
    #: What became of the tries of the last five minutes.
    recent: Fates
    limit: Ordered | None
    held: bool


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One queue: confirmations, digests or blasts."""

    stream: Stream
    #: Planned or to be tried again, also of paused mailings.
    depth: int
    deferred: int
    in_hand: int
    #: Since when the first message that may go out is due.
    head: datetime | None
    minutes: Minutes = field(default_factory=Minutes)
    #: Senders that hold a window of it just now.
    senders: int = 0
    #: Workers that are alive: without a sender they wait for something to be due.
    workers: int = 0


def read_now(session: Session, *, now: datetime) -> Now:
    """Return what goes out at this moment."""
    rate = traffic.read_rate(session, now=now)
    flow = read_flow(session, now=now)
    going = _may_go(session)
    limit = operator_limits.find(session, operator_limits.ALL)
    return Now(
        rate=round(rate, 1),
        remaining=timedelta(seconds=round(going / rate)) if rate > 0 and going else None,
        flow=flow,
        recent=traffic.read_fates(session, since=now - traffic.RECENT),
        limit=ordered(session, [limit])[operator_limits.ALL] if limit is not None else None,
        held=holds.find(session) is not None,
    )


def read_queues(session: Session, *, now: datetime) -> tuple[QueueLine, ...]:
    """Return the queues, the most urgent first."""
    rows = session.execute(
        select(Mailing.stream, MailingTally.state, func.sum(MailingTally.n))
        .join(Mailing, Mailing.id == MailingTally.mailing_id)
        .where(MailingTally.state.in_(PENDING))
        .group_by(Mailing.stream, MailingTally.state)
    )
    counts = {(stream, state): int(n) for stream, state, n in rows}
    minutes = traffic.read_minutes(session, now=now)
    senders = _senders(session)
    workers = sum(
        heartbeats.is_alive(each, now=now) for each in heartbeats.list_processes(session, kind="worker")
    )
    return tuple(
        QueueLine(
            stream=stream,
            depth=sum(counts.get((stream, state), 0) for state in (*_WAITING, MessageState.HELD)),
            deferred=counts.get((stream, MessageState.DEFERRED), 0),
            in_hand=sum(counts.get((stream, state), 0) for state in _IN_HAND),
            head=queries.oldest_due(session, stream, now=now),
            minutes=minutes[stream],
            senders=senders.get(stream, 0),
            workers=workers,
        )
        for stream in Stream
    )


def ordered(session: Session, limits: Sequence[OperatorLimit]) -> dict[str, Ordered]:
    """Return limits by name, with the names of those who set them."""
    people = actors.names(session, {limit.set_by for limit in limits})
    return {limit.name: Ordered(limit.rate, people[limit.set_by], limit.set_at) for limit in limits}


def _may_go(session: Session) -> int:
    """Count what waits in mailings that are being sent, by the counters."""
    query = (
        select(func.sum(MailingTally.n))
        .join(Mailing, Mailing.id == MailingTally.mailing_id)
        .where(MailingTally.state.in_([*_WAITING, *_IN_HAND]), Mailing.state == MailingState.SENDING)
    )
    return int(session.scalar(query) or 0)


def _senders(session: Session) -> dict[Stream, int]:
    """Count who holds a window; few rows have an owner at any time, and an index holds no others."""
    rows = session.execute(
        select(Message.stream, func.count(Message.owner.distinct()))
        .where(Message.owner.is_not(None), Message.state.in_(_IN_HAND))
        .group_by(Message.stream)
    )
    return dict(rows.all())
