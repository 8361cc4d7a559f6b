"""Reading what the way out looks like now: its relays, and how long the queue has been waiting."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

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
    # Ordered by the index of what is due, so that it ends at the first row however long the queue is.
    return session.scalar(
        select(Message.due_at)
        .where(
            Message.stream == stream,
            Message.state.in_([MessageState.PLANNED, MessageState.DEFERRED]),
            Message.due_at <= now,
            Message.mailing_id.in_(select(Mailing.id).where(Mailing.state == MailingState.SENDING)),
        )
        .order_by(Message.due_at)
        .limit(1)
    )
