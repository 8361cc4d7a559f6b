"""One reader as operators see them: what they get, and everything that happened, newest first, in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.delivery.models import Attempt, Event, Message, Suppression
from service.errors import NotFound
from service.ops import actors
from service.recipes.models import Recipe
from service.subscribers import queries
from service.subscribers.models import ConsentEvent, Subscriber, Subscription
from service.tokens import AddressHasher

SHOWN = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; which fields are filled depends on `what`."""

    at: datetime
    #: "consent", "mail", "event" or "operator".
    what: str
    #: The kind of the entry, of the letter or of the event; an operator's action.
    kind: str
    newsletter: str = ""
    #: The channel of a declaration, or the name of who acted.
    by: str = ""
    reason: str = ""
    message: Message | None = None
    subject: str | None = None
    #: The last words of a relay.
    reply: str = ""
    details: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """The head of the page."""

    subscriber: Subscriber
    subscriptions: tuple[Subscription, ...]
    suppressions: tuple[Suppression, ...]


def get(session: Session, subscriber_id: int, *, hash_address: AddressHasher) -> Profile:
    """Return a reader.

    :raises NotFound: erased, or never there.
    """
    subscriber = session.get(Subscriber, subscriber_id)
    if subscriber is None:
        raise NotFound("There is no such reader; they may have been erased.")
    rows = session.scalars(
        select(Suppression)
        .where(Suppression.address_hash == hash_address(subscriber.email_key))
        .order_by(Suppression.list_id)
    )
    return Profile(subscriber, tuple(queries.list_of(session, subscriber_id)), tuple(rows))


def timeline(
    session: Session, profile: Profile, *, before: datetime | None, limit: int = SHOWN
) -> tuple[list[Entry], datetime | None]:
    """Return a page of what happened, and the instant before which the next page begins."""
    found = [
        *_declarations(session, profile, before=before, limit=limit + 1),
        *_mails(session, profile, before=before, limit=limit + 1),
        *_acts(session, profile, before=before, limit=limit + 1),
    ]
    found.sort(key=lambda entry: entry.at, reverse=True)
    if len(found) <= limit:
        return found, None
    # What happened in one instant stays on one page: the next begins before it.
    edge = found[limit - 1].at
    shown = [entry for entry in found[: limit + limit] if entry.at >= edge]
    return shown, edge


def _declarations(session: Session, profile: Profile, *, before: datetime | None, limit: int) -> list[Entry]:
    names = {row.id: row.newsletter.name for row in profile.subscriptions}
    query = select(ConsentEvent).where(ConsentEvent.subscription_id.in_(names))
    if before is not None:
        query = query.where(ConsentEvent.at < before)
    rows = session.scalars(query.order_by(ConsentEvent.at.desc(), ConsentEvent.id.desc()).limit(limit)).all()
    people = actors.names(session, {row.channel for row in rows if row.channel.startswith("operator ")})
    return [
        Entry(
            row.at,
            "consent",
            row.kind.value,
            newsletter=names[row.subscription_id],
            by=people.get(row.channel, row.channel),
            reason=str(row.details.get("reason", "")),
            details=row.details,
        )
        for row in rows
    ]


def _mails(session: Session, profile: Profile, *, before: datetime | None, limit: int) -> list[Entry]:
    at = func.coalesce(Message.sent_at, Message.state_at)
    query = select(Message).where(Message.subscriber_id == profile.subscriber.id)
    if before is not None:
        query = query.where(at < before)
    messages = session.scalars(query.order_by(at.desc(), Message.id.desc()).limit(limit)).all()
    keys = [(each.mailing_id, each.id) for each in messages]
    replies = _replies(session, keys)
    subjects = dict(
        session.execute(
            select(Recipe.id, Recipe.subject).where(Recipe.id.in_({each.recipe_id for each in messages}))
        ).all()
    )
    names = {row.id: row.newsletter.name for row in profile.subscriptions}
    mails = [
        Entry(
            each.sent_at or each.state_at,
            "mail",
            each.kind,
            newsletter=names.get(each.subscription_id or 0, ""),
            reason=each.reason,
            message=each,
            subject=subjects.get(each.recipe_id or 0),
            reply=replies.get((each.mailing_id, each.id), ""),
        )
        for each in messages
    ]
    return mails + _events(session, keys, messages, before=before)


def _replies(session: Session, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return what the relay said last of each that it did not simply accept."""
    rows = session.scalars(
        select(Attempt)
        .where(tuple_(Attempt.mailing_id, Attempt.message_id).in_(keys))
        .order_by(Attempt.number)
    )
    return {(row.mailing_id, row.message_id): _words(row) for row in rows}


def _words(attempt: Attempt) -> str:
    """250 2.0.0 Ok: many a relay's words begin with the enhanced code, and it is said once."""
    enhanced = attempt.enhanced_code or ""
    codes = [str(attempt.code or ""), "" if attempt.reply.startswith(enhanced) else enhanced]
    return " ".join(part for part in (*codes, attempt.reply) if part)


def _events(
    session: Session,
    keys: Sequence[tuple[int, int]],
    messages: Sequence[Message],
    *,
    before: datetime | None,
) -> list[Entry]:
    by_key = {(each.mailing_id, each.id): each for each in messages}
    query = select(Event).where(tuple_(Event.mailing_id, Event.message_id).in_(keys))
    if before is not None:
        query = query.where(Event.at < before)
    return [
        Entry(
            row.at,
            "event",
            row.kind,
            by=row.channel,
            message=by_key.get((row.mailing_id or 0, row.message_id or 0)),
        )
        for row in session.scalars(query)
    ]


def _acts(session: Session, profile: Profile, *, before: datetime | None, limit: int) -> list[Entry]:
    """Return what operators did with this reader that the log of consent does not say already."""
    query = select(AuditEntry).where(
        AuditEntry.subject == f"subscriber {profile.subscriber.id}",
        AuditEntry.action.in_(
            ["reader.exported", "reader.suppressed", "reader.suppression_lifted", "reader.merged"]
        ),
    )
    if before is not None:
        query = query.where(AuditEntry.at < before)
    rows = session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()
    people = actors.names(session, {row.actor for row in rows})
    return [
        Entry(
            row.at,
            "operator",
            row.action,
            by=people[row.actor],
            reason=str((row.after or {}).get("reason", "")),
            details=row.after,
        )
        for row in rows
    ]
