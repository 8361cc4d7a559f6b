"""Readers as operators list them: by state, by what came back, by when they came and left. Never counted.

Every number of the console that counts people leads to one of these lists.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.delivery import suppression
from service.newsletters.models import Newsletter, Rhythm
from service.ops import due_lists
from service.subscribers.models import ConsentEvent, Subscriber, Subscription, SubscriptionState
from service.tokens import AddressHasher


class Which(StrEnum):
    """What the listed readers have in common."""

    ANY = "any"
    ACTIVE = "active"
    PAUSED = "paused"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    #: Active, and every topic they chose is closed.
    STRANDED = "stranded"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readers; what is None does not narrow. `day` is a UTC day, `mailing_id` what it came from."""

    which: Which = Which.ANY
    newsletter_id: int | None = None
    topic_id: int | None = None
    mailing_id: int | None = None
    day: date | None = None
    #: From this UTC day on.
    since: date | None = None
    rhythm: Rhythm | None = None
    #: Of active readers with a rhythm: whose digest is due on this day of their own.
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One reader with what they get."""

    subscriber_id: int
    email: str
    known_since: datetime
    subscriptions: tuple[Subscription, ...]
    #: Why the address is on the suppression list, for all newsletters; None when it is not.
    suppressed: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page, newest first, and the key before which the next one begins."""

    rows: tuple[Row, ...]
    next: int | None = None


_STATES = {
    Which.ANY: tuple(SubscriptionState),
    Which.ACTIVE: (SubscriptionState.ACTIVE,),
    Which.PAUSED: (SubscriptionState.ACTIVE,),
    Which.PENDING: (SubscriptionState.PENDING,),
    Which.UNSUBSCRIBED: (SubscriptionState.UNSUBSCRIBED,),
    Which.STRANDED: (SubscriptionState.ACTIVE,),
}
# One for each newsletter and state, and each a range of the index of these three: said with equal signs, the
# order is that of the ids, and the list of a small newsletter is looked for among all who came later.
_OF_STATE = """
    (SELECT id, subscriber_id FROM subscriptions
    WHERE (newsletter_id, state, id) < ({newsletter_id}, '{state}', :before)
      AND (newsletter_id, state, id) > ({newsletter_id}, '{state}', 0) {more}
    ORDER BY newsletter_id DESC, state DESC, id DESC LIMIT :limit)
"""
_BY_STATE = "SELECT id, subscriber_id FROM ({parts}) AS picked ORDER BY id DESC LIMIT :limit"
_OF_TOPIC = "topic_ids @> ARRAY[CAST(:topic_id AS bigint)]"
_STRANDED = """
    topic_ids && ARRAY(SELECT id FROM topics WHERE archived_at IS NOT NULL)
    AND NOT topic_ids && ARRAY(SELECT id FROM topics WHERE archived_at IS NULL)
"""
#: A topic that fewer chose is found through its index; through the list, all others would be read.
_RARE = 1000
_BY_EVENT = """
    SELECT events.id, messages.subscriber_id FROM events
    JOIN messages ON messages.mailing_id = events.mailing_id AND messages.id = events.message_id
    JOIN mailings ON mailings.id = events.mailing_id
    WHERE events.kind = ANY(:kinds) AND events.id < :before AND messages.subscriber_id IS NOT NULL {more}
    ORDER BY events.id DESC LIMIT :limit
"""
_BY_DECLARATION = """
    SELECT entry.id, subscriptions.subscriber_id FROM consent_events AS entry
    JOIN subscriptions ON subscriptions.id = entry.subscription_id
    WHERE entry.kind IN {kinds} AND entry.at <= :before_at AND (entry.at < :before_at OR entry.id < :before)
      AND coalesce(entry.details ->> 'was', '') NOT IN ('pending', 'moved') {more}
    ORDER BY entry.at DESC, entry.id DESC LIMIT :limit
"""
_BY_SUPPRESSION = """
    SELECT id, subscriber_id FROM suppressions
    WHERE subscriber_id IS NOT NULL AND id < :before {more} ORDER BY id DESC LIMIT :limit
"""
_KINDS = {
    Which.BOUNCED: ["hard_bounce", "soft_bounce"],
    Which.COMPLAINED: ["complaint"],
    Which.JOINED: "('confirmed', 'returned')",
    Which.LEFT: "('unsubscribed', 'never_again')",
}
_FIRST = 2**62


def list_page(
    session: Session,
    wanted: Wanted,
    *,
    hash_address: AddressHasher,
    now: datetime,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Return one page of readers."""
    statement = _statement(wanted, newsletter_ids=_newsletters(session, wanted))
    values = {"before": before or _FIRST, "limit": limit + 1, **_values(wanted, now=now)}
    if wanted.which in {Which.JOINED, Which.LEFT}:
        values["before_at"] = _said_at(session, before, now=now)
    rare = _readers_of_rare(session, wanted.topic_id)
    if rare is not None:
        values["rare"] = rare
        statement = statement.replace(_OF_TOPIC, f"{_OF_TOPIC} AND id = ANY(:rare)")
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    keys = session.execute(text(statement), named).all()
    ids = dict.fromkeys(row.subscriber_id for row in keys[:limit])
    following = keys[limit - 1].id if len(keys) > limit else None
    return Page(rows_of(session, list(ids), hash_address=hash_address), following)


def rows_of(
    session: Session, subscriber_ids: Sequence[int], *, hash_address: AddressHasher
) -> tuple[Row, ...]:
    """Return these readers in this order."""
    people = {
        each.id: each for each in session.scalars(select(Subscriber).where(Subscriber.id.in_(subscriber_ids)))
    }
    theirs = _subscriptions(session, people.keys())
    hashes = {key: hash_address(each.email_key) for key, each in people.items()}
    refused = suppression.find(session, set(hashes.values()), list_id=None)
    return tuple(
        Row(
            key,
            people[key].email,
            people[key].created_at,
            tuple(theirs.get(key, ())),
            refused.get(hashes[key]),
        )
        for key in subscriber_ids
        if key in people
    )


def _newsletters(session: Session, wanted: Wanted) -> Sequence[int]:
    if wanted.newsletter_id is not None:
        return [wanted.newsletter_id]
    return session.scalars(select(Newsletter.id)).all()


def _readers_of_rare(session: Session, topic_id: int | None) -> list[int] | None:
    """Return the subscriptions with a topic that few chose; None when many did, or no topic is asked for."""
    if topic_id is None:
        return None
    # Nobody keeps statistics of topics that are rare: left alone, it would read the table.
    session.execute(text("SELECT set_config('enable_seqscan', 'off', true)"))
    query = text(f"SELECT id FROM subscriptions WHERE {_OF_TOPIC} LIMIT :limit")  # noqa: S608  (a constant)
    ids = session.scalars(query, {"topic_id": topic_id, "limit": _RARE}).all()
    session.execute(text("SELECT set_config('enable_seqscan', 'on', true)"))
    return list(ids) if len(ids) < _RARE else None


def _said_at(session: Session, before: int | None, *, now: datetime) -> datetime:
    """Return when the declaration was made that a page ended with; erased since, the list begins anew."""
    at = session.scalar(select(ConsentEvent.at).where(ConsentEvent.id == before)) if before else None
    return at or now


def _statement(wanted: Wanted, *, newsletter_ids: Sequence[int]) -> str:
    which = wanted.which
    more = []
    if which in _STATES:
        more += [_OF_TOPIC] if wanted.topic_id is not None else []
        more += ["paused_until > CAST(:today AS date)"] if which is Which.PAUSED else []
        more += due_lists.conditions(wanted.rhythm, due=wanted.due if which is Which.ACTIVE else None)
        more += [_STRANDED] if which is Which.STRANDED else []
        parts = [
            _OF_STATE.format(newsletter_id=int(newsletter_id), state=state.value, more=_and(more))
            for newsletter_id in newsletter_ids
            for state in _STATES[which]
        ]
        return _BY_STATE.format(
            parts=" UNION ALL ".join(parts) or "SELECT 0 AS id, 0 AS subscriber_id LIMIT 0"
        )
    if which is Which.SUPPRESSED:
        return _BY_SUPPRESSION.format(
            more=_and(["list_id IN (0, :newsletter_id)"] if wanted.newsletter_id is not None else [])
        )
    at, list_id = ("entry.at", "subscriptions.newsletter_id")
    if which in {Which.BOUNCED, Which.COMPLAINED}:
        at, list_id = "events.at", "mailings.list_id"
        more += ["events.mailing_id = :mailing_id"] if wanted.mailing_id is not None else []
    elif wanted.mailing_id is not None:
        more += ["entry.kind = 'unsubscribed'", "entry.details ? 'mailing'"]
        more += ["CAST(entry.details ->> 'mailing' AS bigint) = :mailing_id"]
    more += [f"{list_id} = :newsletter_id"] if wanted.newsletter_id is not None else []
    more += [f"{at} >= :since"] if wanted.day or wanted.since else []
    more += [f"{at} < :until"] if wanted.day else []
    if which in {Which.BOUNCED, Which.COMPLAINED}:
        return _BY_EVENT.format(more=_and(more))
    return _BY_DECLARATION.format(more=_and(more), kinds=_KINDS[which])


def _values(wanted: Wanted, *, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {
        "kinds": _KINDS.get(wanted.which),
        "newsletter_id": wanted.newsletter_id,
        "topic_id": wanted.topic_id,
        "mailing_id": wanted.mailing_id,
        "today": now.date(),
        **due_lists.values(wanted.rhythm, due=wanted.due, now=now),
    }
    first = wanted.day or wanted.since
    if first is not None:
        since = datetime.combine(first, time(), tzinfo=UTC)
        values |= {"since": since, "until": since + timedelta(days=1)}
    return values


def _and(conditions: Sequence[str]) -> str:
    return "".join(f" AND {each}" for each in conditions)


def _subscriptions(session: Session, subscriber_ids: Collection[int]) -> dict[int, list[Subscription]]:
    rows = session.scalars(
        select(Subscription).where(Subscription.subscriber_id.in_(subscriber_ids)).order_by(Subscription.id)
    )
    found: dict[int, list[Subscription]] = {}
    for row in rows:
        found.setdefault(row.subscriber_id, []).append(row)
    return found
