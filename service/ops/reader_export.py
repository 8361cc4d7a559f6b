"""Everything that is known about one person, as they may take it along (GDPR Art. 15 and 20)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.delivery import queries as ledger
from service.delivery.models import Message, Suppression
from service.popularity.models import Click
from service.recipes.models import Recipe
from service.subscribers import addresses, queries, recognition, saving
from service.subscribers.models import AddressChange, ConsentEvent, Subscriber, Subscription
from service.subscribers.signup_models import SignupAttempt
from service.tokens import AddressHasher

FORMAT = "broadsheet reader export 1"


def export(
    session: Session, subscriber_id: int, *, hash_address: AddressHasher, now: datetime
) -> dict[str, Any]:
    """Return it as JSON holds it; instants are UTC in ISO 8601.

    :raises NoResultFound: there is no such person.
    """
    subscriber = session.get_one(Subscriber, subscriber_id)
    address = hash_address(subscriber.email_key)
    return {
        "format": FORMAT,
        "exported_at": now.isoformat(),
        "address": subscriber.email,
        "known_since": subscriber.created_at.isoformat(),
        "subscriptions": [_subscription(row) for row in queries.list_of(session, subscriber_id)],
        "consent": _consent(session, subscriber_id),
        "mails": _mails(session, ledger.list_of_subscriber(session, subscriber_id)),
        # Clicks are counted by article; only those lead to a reader who asked to be recognised.
        "clicks": _clicks(session, queries.list_of(session, subscriber_id)),
        "opens": "Not measured.",
        "sign_ups": _sign_ups(session, hash_address(addresses.inbox_of(subscriber.email_key))),
        "changes_of_address": _changes(session, subscriber_id),
        "suppressions": _suppressions(session, address),
    }


def _subscription(row: Subscription) -> dict[str, Any]:
    names = {topic.id: topic.name for topic in row.newsletter.topics}
    values = saving.values_of(row)
    # By their names below.
    del values["gone_topics"]
    return {
        "newsletter": row.newsletter.name,
        "state": row.state.value,
        **values,
        "topics": [names.get(one, str(one)) for one in row.topic_ids],
        "excluded_topics": [names.get(one, str(one)) for one in row.excluded_topic_ids],
        "first_asked_at": row.created_at.isoformat(),
        "requested_at": row.requested_at.isoformat(),
        "confirmed_at": _iso(row.confirmed_at),
        "unsubscribed_at": _iso(row.unsubscribed_at),
        "left_because": row.left_because,
        "own_feed": row.feed_on,
        "recognised": row.recognition_key is not None,
        "next_mail_at": _iso(row.next_due_at),
    }


def _consent(session: Session, subscriber_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(ConsentEvent, Subscription)
        .join(Subscription, Subscription.id == ConsentEvent.subscription_id)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(ConsentEvent.at, ConsentEvent.id)
    )
    return [
        {
            "at": event.at.isoformat(),
            "newsletter": subscription.newsletter.name,
            "what": event.kind.value,
            "channel": event.channel,
            "page": event.form_url,
            "words": event.wording,
            "language": event.locale,
            "network_address": None if event.ip is None else str(event.ip),
            "browser": event.user_agent,
            "details": event.details,
        }
        for event, subscription in rows
    ]


def _mails(session: Session, messages: Sequence[Message]) -> list[dict[str, Any]]:
    recipes = _recipes(session, {one.recipe_id for one in messages if one.recipe_id is not None})
    articles = _articles(session, {key for recipe in recipes.values() for key in recipe.article_ids})
    return [
        {
            "kind": one.kind,
            "planned_at": one.created_at.isoformat(),
            "state": one.state.value,
            "reason": one.reason,
            "sent_at": _iso(one.sent_at),
            "subject": recipes[one.recipe_id].subject if one.recipe_id in recipes else None,
            "articles": [
                articles[key]
                for key in (recipes[one.recipe_id].article_ids if one.recipe_id in recipes else ())
                if key in articles
            ],
        }
        for one in messages
    ]


def _recipes(session: Session, recipe_ids: Collection[int]) -> dict[int | None, Recipe]:
    rows = session.scalars(select(Recipe).where(Recipe.id.in_(recipe_ids)))
    return {row.id: row for row in rows}


def _articles(session: Session, article_ids: Collection[int]) -> dict[int, dict[str, str]]:
    rows = session.execute(select(Article.id, Article.title, Article.url).where(Article.id.in_(article_ids)))
    return {key: {"title": title, "url": url} for key, title, url in rows}


def _clicks(session: Session, subscriptions: Sequence[Subscription]) -> list[dict[str, Any]]:
    known = [by for by in map(recognition.known_by, subscriptions) if by is not None]
    rows = session.execute(
        select(Click.at, Article.title, Article.url)
        .join(Article, Article.id == Click.article_id)
        .where(Click.reader.in_(known))
        .order_by(Click.at, Click.id)
    )
    return [{"at": at.isoformat(), "title": title, "url": url} for at, title, url in rows]


def _sign_ups(session: Session, address: bytes) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(SignupAttempt).where(SignupAttempt.email_hash == address).order_by(SignupAttempt.at)
    )
    return [{"at": row.at.isoformat(), "network": row.network, "mailed": row.mailed} for row in rows]


def _changes(session: Session, subscriber_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(AddressChange)
        .where(AddressChange.subscriber_id == subscriber_id)
        .order_by(AddressChange.asked_at)
    )
    return [
        {"to": row.email, "asked_at": row.asked_at.isoformat(), "ended_at": _iso(row.ended_at)}
        for row in rows
    ]


def _suppressions(session: Session, address: bytes) -> list[dict[str, Any]]:
    rows = session.scalars(select(Suppression).where(Suppression.address_hash == address))
    return [
        {
            "scope": "everything" if row.list_id == 0 else f"list {row.list_id}",
            "reason": row.reason,
            "since": row.created_at.isoformat(),
        }
        for row in rows
    ]


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
