"""What went wrong, try by try: the rows behind the numbers of the errors, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, exists, func, select, tuple_
from sqlalchemy.orm import Session

from service.delivery.models import Attempt, Event, Mailing, Message, MessageState
from service.delivery.traffic import BOUNCED
from service.subscribers import addresses
from service.subscribers.models import Subscriber

#: A page looks through so many errors at most, so that a rare domain costs no more than a frequent one.
SCAN, _PORTION = 10_000, 2_500

#: at, mailing id, message id, number: where a page begins.
Key = tuple[datetime, int, int, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which errors; what is None or empty does not narrow."""

    since: datetime
    #: 0 for tries without any reply.
    code: int | None = None
    domain: str | None = None
    relay: str | None = None
    fate: str | None = None
    mailing_id: int | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """One try that did not end well. The reply is a stranger's text."""

    mailing_id: int
    message_id: int
    number: int
    mailing_title: str
    #: Masked; empty when the person was erased.
    recipient: str
    at: datetime
    relay: str
    phase: str
    outcome: MessageState
    code: int | None
    enhanced_code: str | None
    reply: str
    #: What its message is now.
    state: MessageState


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and where the next one begins; it may be empty where a domain has few errors among many."""

    tries: tuple[Try, ...] = ()
    next: Key | None = None


def list_page(session: Session, wanted: Wanted, *, before: Key | None = None, limit: int = 50) -> Page:
    """Return one page, newest first.

    Looked for in portions: all of them together would be joined as a whole, with all messages there are.
    """
    tries: list[Try] = []
    for _ in range(SCAN // _PORTION):
        portion = _errors(wanted, before=before).limit(_PORTION)
        rows = session.execute(_told(portion, wanted).limit(limit + 1 - len(tries))).all()
        tries += map(_try, rows)
        if len(tries) > limit:
            last = tries[limit - 1]
            return Page(tuple(tries[:limit]), (last.at, last.mailing_id, last.message_id, last.number))
        before = _end(session, portion)
        if before is None:
            break
    return Page(tuple(tries), before)


def _told(portion: Select[Attempt], wanted: Wanted) -> Select[Any]:
    """Add who it was for and what became of the message, and leave out what is not asked for."""
    errors = portion.subquery()
    key = (errors.c.at, errors.c.mailing_id, errors.c.message_id, errors.c.number)
    query = (
        select(
            *key,
            errors.c.relay,
            errors.c.phase,
            errors.c.outcome,
            errors.c.code,
            errors.c.enhanced_code,
            errors.c.reply,
            Message.state,
            Subscriber.email,
            Mailing.title,
        )
        .select_from(errors)
        .join(
            Message,
            (Message.mailing_id == errors.c.mailing_id) & (Message.id == errors.c.message_id),
            isouter=True,
        )
        .join(Subscriber, Subscriber.id == Message.subscriber_id, isouter=True)
        .join(Mailing, Mailing.id == errors.c.mailing_id, isouter=True)
        .order_by(*(column.desc() for column in key))
    )
    if wanted.code is not None:
        query = query.where(func.coalesce(errors.c.code, 0) == wanted.code)
    if wanted.relay is not None:
        query = query.where(errors.c.relay == wanted.relay)
    if wanted.domain is not None:
        query = query.where(func.lower(func.split_part(Subscriber.email, "@", 2)) == wanted.domain)
    return query


def _try(row: Row[Any]) -> Try:
    return Try(
        mailing_id=row.mailing_id,
        message_id=row.message_id,
        number=row.number,
        mailing_title=row.title or "",
        recipient=addresses.mask(row.email) if row.email else "",
        at=row.at,
        relay=row.relay,
        phase=row.phase,
        outcome=MessageState(row.outcome),
        code=row.code,
        enhanced_code=row.enhanced_code,
        reply=row.reply,
        state=row.state or MessageState(row.outcome),
    )


def _end(session: Session, portion: Select[Attempt]) -> Key | None:
    """Return where the next portion begins; None after the last one."""
    last = portion.with_only_columns(Attempt.at, Attempt.mailing_id, Attempt.message_id, Attempt.number)
    found = session.execute(last.offset(_PORTION - 1).limit(1)).first()
    return (found[0], found[1], found[2], found[3]) if found else None


def _errors(wanted: Wanted, *, before: Key | None) -> Select[Attempt]:
    key = (Attempt.at, Attempt.mailing_id, Attempt.message_id, Attempt.number)
    query = (
        select(Attempt)
        .where(Attempt.outcome != MessageState.SENT, Attempt.at >= wanted.since)
        .order_by(*(column.desc() for column in key))
    )
    if wanted.mailing_id is not None:
        query = query.where(Attempt.mailing_id == wanted.mailing_id)
    if wanted.fate is not None:
        is_bounce = exists().where(
            Event.mailing_id == Attempt.mailing_id,
            Event.message_id == Attempt.message_id,
            Event.channel == "smtp",
        )
        if wanted.fate == BOUNCED:
            query = query.where(Attempt.outcome == MessageState.FAILED, is_bounce)
        else:
            query = query.where(Attempt.outcome == MessageState(wanted.fate))
            if wanted.fate == MessageState.FAILED:
                query = query.where(~is_bounce)
    if before is not None:
        query = query.where(tuple_(*key) < before)
    return query
