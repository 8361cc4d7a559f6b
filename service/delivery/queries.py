"""Reading what the way out looks like now: its relays, and how long the queue has been waiting."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from service.delivery.holds import not_held
from service.delivery.models import (
    Mailing,
    MailingState,
    Message,
    MessageState,
    Relay,
    Stream,
)


def list_relays(session: Session) -> Sequence[Relay]:
    """Return every relay we know, those with a problem first."""
    return session.scalars(select(Relay).order_by(Relay.problem.is_(None), Relay.name)).all()


def oldest_due(session: Session, stream: Stream, *, now: datetime) -> datetime | None:
    """Return since when the longest-waiting message of a stream is due: the age of its queue."""
    heads = _heads([stream], now=now).subquery()
    oldest: datetime | None = session.scalar(select(func.min(heads.c.due_at)))
    return oldest


def is_due(streams: Collection[Stream], *, now: datetime) -> ColumnElement[bool]:
    """Ask, as a part of a larger question, whether something may be sent in one of these streams."""
    return exists(_heads(streams, now=now))


def count_recent(session: Session, *, subscriber_id: int, kind: str, since: datetime) -> int:
    """Count a person's messages of one kind, whatever became of them."""
    return (
        session.scalar(
            select(func.count()).where(
                Message.subscriber_id == subscriber_id, Message.kind == kind, Message.created_at > since
            )
        )
        or 0
    )


def list_of_subscriber(session: Session, subscriber_id: int) -> Sequence[Message]:
    """Return everything that was ever to be sent to a person and is still kept, oldest first."""
    return session.scalars(
        select(Message).where(Message.subscriber_id == subscriber_id).order_by(Message.created_at, Message.id)
    ).all()


def _heads(streams: Collection[Stream], *, now: datetime) -> Select[datetime]:
    """Select the first due message of each mailing that is being sent.

    One look at the index of each, however long the queues are, and however much waits in paused mailings.
    """
    head = (
        select(Message.due_at)
        .where(
            Message.mailing_id == Mailing.id,
            Message.state.in_([MessageState.PLANNED, MessageState.DEFERRED]),
            Message.due_at <= now,
        )
        .order_by(Message.due_at)
        .limit(1)
        .lateral()
    )
    return (
        select(head.c.due_at)
        .select_from(Mailing, head)
        .where(Mailing.stream.in_(streams), Mailing.state == MailingState.SENDING, not_held())
    )
