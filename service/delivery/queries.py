"""Reading the ledger for the console: mailings, their messages page by page, and one message's story."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery.models import (
    Attempt,
    Event,
    Mailing,
    MailingState,
    Message,
    MessageState,
    Relay,
    Stream,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a message."""

    at: datetime
    #: created, attempt, event or state.
    kind: str
    #: The state or event, in one word.
    what: str
    #: The relay's own words, or the reason.
    detail: str = ""


def find_mailing(session: Session, mailing_id: int) -> Mailing | None:
    return session.get(Mailing, mailing_id)


def list_mailings(
    session: Session,
    *,
    streams: Collection[Stream] = tuple(Stream),
    states: Collection[MailingState] = tuple(MailingState),
    before_id: int | None = None,
    limit: int = PAGE,
) -> Sequence[Mailing]:
    """Return mailings, newest first; `before_id` is the last one of the page before."""
    query = select(Mailing).where(Mailing.stream.in_(streams), Mailing.state.in_(states))
    if before_id is not None:
        query = query.where(Mailing.id < before_id)
    return session.scalars(query.order_by(Mailing.id.desc()).limit(limit)).all()


def list_messages(
    session: Session,
    mailing_id: int,
    *,
    states: Collection[MessageState] = (),
    reason: str | None = None,
    after_id: int = 0,
    limit: int = PAGE,
) -> Sequence[Message]:
    """Return a page of messages in order of their ids; `after_id` is the last one of the page before."""
    query = select(Message).where(Message.mailing_id == mailing_id, Message.id > after_id)
    if states:
        query = query.where(Message.state.in_(states))
    if reason is not None:
        query = query.where(Message.reason == reason)
    return session.scalars(query.order_by(Message.id).limit(limit)).all()


def list_undecided(session: Session, *, limit: int = PAGE) -> Sequence[Message]:
    """Return messages of unknown outcome that still wait for an operator's decision."""
    return session.scalars(
        select(Message)
        .where(Message.state == MessageState.UNKNOWN, Message.reason != "left")
        .order_by(Message.state_at.desc())
        .limit(limit)
    ).all()


def find_message(session: Session, mailing_id: int, message_id: int) -> Message | None:
    return session.get(Message, (mailing_id, message_id))


def list_of_subscriber(session: Session, subscriber_id: int, *, limit: int = PAGE) -> Sequence[Message]:
    """Return the latest messages to one reader, newest first."""
    return session.scalars(
        select(Message)
        .where(Message.subscriber_id == subscriber_id)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(limit)
    ).all()


def timeline(session: Session, message: Message) -> list[Moment]:
    """Tell what happened to a message, oldest first; its present state comes last."""
    attempts = session.scalars(
        select(Attempt).where(Attempt.mailing_id == message.mailing_id, Attempt.message_id == message.id)
    )
    events = session.scalars(
        select(Event).where(Event.mailing_id == message.mailing_id, Event.message_id == message.id)
    )
    moments = [Moment(message.created_at, "created", "planned")]
    moments += [Moment(each.at, "attempt", each.outcome.value, _words(each)) for each in attempts]
    moments += [Moment(each.at, "event", each.kind, each.channel) for each in events]
    moments.sort(key=lambda moment: moment.at)
    return [*moments, Moment(message.state_at, "state", message.state.value, message.reason)]


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


def _words(attempt: Attempt) -> str:
    parts = [attempt.phase, str(attempt.code or ""), attempt.reply]
    return " ".join(part for part in parts if part)
