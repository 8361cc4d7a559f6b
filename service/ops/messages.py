"""The ledger's rows as operators see them: filtered lists, one message's story. Addresses are masked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from service.delivery.models import Attempt, Event, Mailing, MailingTally, Message, MessageState, Stream
from service.errors import NotFound
from service.operators.models import Operator
from service.ops import tried
from service.recipes.models import Recipe
from service.subscribers import addresses
from service.subscribers.models import Subscriber

#: Rows that a worker holds.
IN_HAND = frozenset({MessageState.CLAIMED, MessageState.SENDING})
_SENT = frozenset({MessageState.SENT})

_Kind = TypeVar("_Kind", Attempt, Event)

#: What no index knows is looked for among so many messages a page, and in portions: the plan of a portion is
#: always the same, and most pages are full after the first.
SCAN, _PORTION = 10_000, 2_000

#: (mailing id, message id): where a page of a list begins.
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages; what is empty or None does not narrow."""

    states: frozenset[MessageState]
    mailing_id: int | None = None
    reason: str | None = None
    since: datetime | None = None
    recipe_id: int | None = None
    #: Leaves out unknown messages that were decided.
    undecided: bool = False
    stream: Stream | None = None
    #: Of the recipient, and the relay of the last try: looked for among the newest that match otherwise.
    domain: str | None = None
    relay: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for what no index knows."""
        return any(each is not None for each in (self.since, self.domain, self.relay))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    mailing_id: int
    message_id: int
    mailing_title: str
    kind: str
    state: MessageState
    reason: str
    #: Masked; empty when the person was erased.
    recipient: str
    attempts: int
    due_at: datetime
    state_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest first, and where the next one begins."""

    rows: tuple[Row, ...] = ()
    next: Key | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One message from its cause to its outcome."""

    row: Row
    created_at: datetime
    sent_at: datetime | None
    lease_until: datetime | None
    subject: str | None
    subscription_id: int | None
    from_seq: int | None
    to_seq: int | None
    returned_at: datetime | None
    message_id: str
    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()


def list_page(session: Session, wanted: Filter, *, before: Key | None = None, limit: int = 50) -> Page:
    """Return one page. Partial indexes serve rare states; of the others every mailing asked has many."""
    begun = wanted.mailing_id
    if begun is not None and wanted == Filter(_SENT, mailing_id=begun) and tried.is_beginning(session, begun):
        below = before[1] if before is not None else None
        return _page(session, tried.newest_sent(session, begun, below=below, limit=limit + 1), limit)
    query = _indexed(wanted, _with_such(session, wanted))
    if wanted.is_narrow:
        return _narrowed(session, query, wanted, before=before, limit=limit)
    return _page(session, session.scalars(_before(query, before).limit(limit + 1)).all(), limit)


def _page(session: Session, found: Sequence[Message], limit: int) -> Page:
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(_rows(session, shown), (last.mailing_id, last.id) if last else None)


def _indexed(wanted: Filter, mailing_ids: Sequence[int]) -> Select[Message]:
    query = (
        select(Message)
        .where(Message.mailing_id.in_(mailing_ids), Message.state.in_(wanted.states))
        .order_by(Message.mailing_id.desc(), Message.id.desc())
    )
    if wanted.states <= IN_HAND:
        # Says what is true of them anyhow, so that the index of the few held rows is used.
        query = query.where(Message.owner.is_not(None))
    if wanted.reason is not None:
        query = query.where(Message.reason == wanted.reason)
    if wanted.undecided:
        query = query.where(Message.reason != "left")
    if wanted.recipe_id is not None:
        query = query.where(Message.recipe_id == wanted.recipe_id)
    return query


def _before(query: Select[Message], before: Key | None) -> Select[Message]:
    return query if before is None else query.where(tuple_(Message.mailing_id, Message.id) < before)


def _narrowed(
    session: Session, query: Select[Message], wanted: Filter, *, before: Key | None, limit: int
) -> Page:
    """Look among so many that match otherwise; a short page may not be the last."""
    found: list[Message] = []
    for _ in range(SCAN // _PORTION):
        portion = _before(query, before).limit(_PORTION)
        found += session.scalars(_matching(portion, wanted).limit(limit + 1 - len(found)))
        if len(found) > limit:
            return Page(_rows(session, found[:limit]), (found[limit - 1].mailing_id, found[limit - 1].id))
        ids = portion.with_only_columns(Message.mailing_id, Message.id).offset(_PORTION - 1).limit(1)
        end = session.execute(ids).first()
        before = (end[0], end[1]) if end is not None else None
        if before is None:
            break
    return Page(_rows(session, found), before)


def _matching(portion: Select[Message], wanted: Filter) -> Select[Message]:
    one = aliased(Message, portion.subquery())
    found = select(one).order_by(one.mailing_id.desc(), one.id.desc())
    if wanted.since is not None:
        found = found.where(one.state_at >= wanted.since)
    if wanted.domain is not None:
        found = found.join(Subscriber, Subscriber.id == one.subscriber_id).where(
            func.lower(func.split_part(Subscriber.email, "@", 2)) == wanted.domain
        )
    if wanted.relay is not None:
        last_try = (Attempt.mailing_id == one.mailing_id) & (Attempt.message_id == one.id)
        found = found.join(Attempt, last_try & (Attempt.number == one.attempts)).where(
            Attempt.relay == wanted.relay
        )
    return found


def get(session: Session, mailing_id: int, message_id: int) -> Story:
    """Return one message with every try and everything that came back.

    :raises NotFound: there is none with these ids.
    """
    message = _message(session, mailing_id, message_id)
    recipe = session.get(Recipe, message.recipe_id) if message.recipe_id is not None else None
    (row,) = _rows(session, [message])
    return Story(
        row=row,
        created_at=message.created_at,
        sent_at=message.sent_at,
        lease_until=message.lease_until,
        subject=recipe.subject if recipe else None,
        subscription_id=message.subscription_id,
        from_seq=message.from_seq,
        to_seq=message.to_seq,
        returned_at=message.returned_at,
        message_id=message.message_id,
        attempts=tuple(session.scalars(_about(Attempt, message))),
        events=tuple(session.scalars(_about(Event, message))),
    )


def address_of(session: Session, mailing_id: int, message_id: int) -> str:
    """Return the whole address; whoever asks is written down by the caller.

    :raises NotFound: the person was erased.
    """
    message = _message(session, mailing_id, message_id)
    address = _addresses(session, [message]).get((message.subscriber_id, message.operator_id))
    if not address:
        raise NotFound("This reader was erased; the address is not kept.")
    return address


def _message(session: Session, mailing_id: int, message_id: int) -> Message:
    message = session.get(Message, (mailing_id, message_id))
    if message is None:
        raise NotFound("There is no such message; it may have been removed by the retention rules.")
    return message


def _with_such(session: Session, wanted: Filter) -> Sequence[int]:
    """Ask the counters which mailings have such messages, so that no other one is looked through."""
    if wanted.mailing_id is not None and wanted.stream is None:
        return [wanted.mailing_id]
    query = (
        select(MailingTally.mailing_id)
        .where(MailingTally.state.in_(wanted.states))
        .group_by(MailingTally.mailing_id)
        .having(func.sum(MailingTally.n) > 0)
    )
    if wanted.reason is not None:
        query = query.where(MailingTally.reason == wanted.reason)
    if wanted.since is not None:
        query = query.where(MailingTally.hour >= wanted.since)
    if wanted.mailing_id is not None:
        query = query.where(MailingTally.mailing_id == wanted.mailing_id)
    if wanted.stream is not None:
        # All messages of a mailing are of its stream.
        query = query.join(Mailing, Mailing.id == MailingTally.mailing_id).where(
            Mailing.stream == wanted.stream
        )
    return session.scalars(query).all()


def _rows(session: Session, messages: Sequence[Message]) -> tuple[Row, ...]:
    known = _addresses(session, messages)
    titles = dict(
        session.execute(
            select(Mailing.id, Mailing.title).where(Mailing.id.in_({each.mailing_id for each in messages}))
        ).all()
    )
    return tuple(
        Row(
            mailing_id=each.mailing_id,
            message_id=each.id,
            mailing_title=titles.get(each.mailing_id, ""),
            kind=each.kind,
            state=each.state,
            reason=each.reason,
            recipient=_masked(known.get((each.subscriber_id, each.operator_id))),
            attempts=each.attempts,
            due_at=each.due_at,
            state_at=each.state_at,
        )
        for each in messages
    )


def _masked(address: str | None) -> str:
    return addresses.mask(address) if address else ""


def _addresses(session: Session, messages: Collection[Message]) -> dict[tuple[int | None, int | None], str]:
    readers = {each.subscriber_id for each in messages if each.subscriber_id is not None}
    operators = {each.operator_id for each in messages if each.operator_id is not None}
    to_readers = session.execute(select(Subscriber.id, Subscriber.email).where(Subscriber.id.in_(readers)))
    to_operators = session.execute(select(Operator.id, Operator.email).where(Operator.id.in_(operators)))
    found: dict[tuple[int | None, int | None], str] = {(key, None): email for key, email in to_readers}
    return found | {(None, key): email for key, email in to_operators}


def _about(kind: type[_Kind], message: Message) -> Select[_Kind]:
    return (
        select(kind)
        .where(kind.mailing_id == message.mailing_id, kind.message_id == message.id)
        .order_by(kind.at)
    )
