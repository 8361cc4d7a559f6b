"""Criteria as conditions of a query over subscriptions; consent is not among them, it holds in any case."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, any_, exists, literal, or_, select, union_all

from service.blasts.criteria import Criteria
from service.db import Model
from service.delivery.models import Mailing, Message, MessageState, Stream
from service.popularity.models import Click, Verdict
from service.subscribers.models import Subscription

#: Has it, or may have it.
GOT = (MessageState.SENT, MessageState.UNKNOWN, MessageState.SENDING)
#: Is to get it, unless somebody stops it.
COMING = (MessageState.PLANNED, MessageState.CLAIMED, MessageState.DEFERRED)
#: Was to get it, and for certain did not: in two groups, because each has an index of its few rows.
_MISSED = ((MessageState.FAILED, MessageState.EXPIRED), (MessageState.SKIPPED, MessageState.CANCELLED))

#: Asks whether a reader's mail of a mailing is in one of these states.
HasRow = Callable[[int, tuple[MessageState, ...]], ColumnElement[bool]]

_IDS = Model.type_annotation_map[list[int]]


def conditions(criteria: Criteria, *, now: datetime, has: HasRow) -> list[ColumnElement[bool]]:
    """Return what must all hold; `has` asks for the rows of earlier mailings."""
    return list(_each(criteria, now=now, has=has))


def _each(criteria: Criteria, *, now: datetime, has: HasRow) -> Iterator[ColumnElement[bool]]:
    if criteria.topics_any:
        yield Subscription.topic_ids.overlap(list(criteria.topics_any))
    if criteria.topics_all:
        yield Subscription.topic_ids.contains(list(criteria.topics_all))
    if criteria.topics_none:
        yield ~Subscription.topic_ids.overlap(list(criteria.topics_none))
    if criteria.rhythms:
        yield Subscription.rhythm.in_(criteria.rhythms)
    if criteria.locales:
        yield Subscription.locale.in_(criteria.locales)
    if criteria.zones:
        yield Subscription.time_zone.in_(criteria.zones)
    if criteria.joined_after is not None:
        yield Subscription.confirmed_at >= _midnight(criteria.joined_after)
    if criteria.joined_before is not None:
        yield Subscription.confirmed_at < _midnight(criteria.joined_before) + timedelta(days=1)
    if criteria.clicked_days is not None:
        yield _has_clicked(now - timedelta(days=criteria.clicked_days))
    if criteria.got is not None:
        yield has(criteria.got, GOT)
    if criteria.missed is not None:
        # From the few rows to their readers: asked reader by reader, all of them are gone through.
        yield Subscription.id.in_(union_all(*(_rows(criteria.missed, each) for each in _MISSED)))
    if criteria.without is not None:
        yield ~has(criteria.without, GOT)
    for mailing_id in criteria.served:
        yield ~has(mailing_id, GOT)
    if criteria.listed is not None:
        yield Subscription.id == any_(literal(list(criteria.listed), _IDS))


def has_a_blast(*, around: datetime, within: timedelta, except_mailing: int | None) -> ColumnElement[bool]:
    """Ask whether a reader got any blast, of whatever newsletter, so short before then, or is about to."""
    since = around - within
    asked = exists().where(
        Message.subscriber_id == Subscription.subscriber_id,
        Message.stream == Stream.BLAST,
        or_(
            and_(Message.state.in_(GOT), Message.state_at >= since),
            and_(Message.state.in_(COMING), Message.due_at < around + within),
        ),
        # Names the few mailings, and with them the partitions that are looked into.
        Message.mailing_id == any_(_recent_blasts(since)),
    )
    return asked if except_mailing is None else asked.where(Message.mailing_id != except_mailing)


def _recent_blasts(since: datetime) -> ColumnElement[list[int]]:
    # A blast may send for days after it was opened.
    opened = since - timedelta(days=7)
    return (
        Mailing.__table__.select()
        .with_only_columns(Mailing.id)
        .where(Mailing.stream == Stream.BLAST, Mailing.created_at >= opened)
        .scalar_subquery()
    )


def has_row(mailing_id: int, states: tuple[MessageState, ...]) -> ColumnElement[bool]:
    """Ask whether a reader's mail of this mailing is in one of these states."""
    return exists().where(
        Message.mailing_id == mailing_id,
        Message.subscription_id == Subscription.id,
        Message.state.in_(states),
    )


def has_own_row(mailing_id: int, states: tuple[MessageState, ...]) -> ColumnElement[bool]:
    """Ask the same of a few readers: by the index of a person's messages, not through all of the mailing."""
    return exists().where(
        Message.mailing_id == mailing_id,
        Message.subscriber_id == Subscription.subscriber_id,
        Message.subscription_id == Subscription.id,
        Message.state.in_(states),
    )


def _rows(mailing_id: int, states: tuple[MessageState, ...]) -> Select[int | None]:
    return select(Message.subscription_id).where(
        Message.mailing_id == mailing_id, Message.subscription_id.is_not(None), Message.state.in_(states)
    )


def _has_clicked(since: datetime) -> ColumnElement[bool]:
    return Subscription.recognition_key.is_not(None) & exists().where(
        Click.reader == Subscription.recognition_key, Click.at >= since, Click.verdict == Verdict.HUMAN
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
