"""Rows for tests, with sensible defaults; each returns a flushed row."""

from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic, Source
from service.links import Links
from service.newsletters.models import Newsletter, Rhythm, Sender, Topic
from service.operators.models import Operator, Role
from service.subscribers.models import Subscriber, Subscription, SubscriptionState
from service.tokens import Tokens

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
#: For what is built without a running installation.
LINKS = Links("https://news.courier.example", Tokens(("a key that is only ever used in tests",)))
_numbers = count(1)


def make_newsletter(
    session: Session, *, topics: tuple[str, ...] = ("Science", "Energy"), **values: object
) -> Newsletter:
    n = next(_numbers)
    sender = Sender(
        name="The Courier",
        email="news@courier.example",
        postal_address="1 Quay Street, Harbour",
        created_at=NOW,
    )
    row = Newsletter(
        **{"slug": f"courier-{n}", "name": "The Courier", "sender": sender, "created_at": NOW, **values}
    )
    row.topics = [
        Topic(slug=name.lower().replace(" ", "-"), name=name, position=place)
        for place, name in enumerate(topics)
    ]
    session.add(row)
    session.flush()
    return row


def make_subscription(session: Session, newsletter: Newsletter, **values: object) -> Subscription:
    n = next(_numbers)
    email = str(values.pop("email", f"reader{n}@example.org"))
    subscriber = Subscriber(email=email, email_key=email.casefold(), created_at=NOW)
    row = Subscription(
        **{
            "subscriber": subscriber,
            "newsletter_id": newsletter.id,
            "state": SubscriptionState.ACTIVE,
            "topic_ids": sorted(topic.id for topic in newsletter.topics),
            "rhythm": Rhythm.WEEKLY,
            "time_zone": "UTC",
            "created_at": NOW,
            "requested_at": NOW,
            "confirmed_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_source(session: Session, newsletter: Newsletter, **values: object) -> Source:
    n = next(_numbers)
    row = Source(
        **{
            "newsletter_id": newsletter.id,
            "name": "Courier feed",
            "url": f"https://courier.example/feed{n}.xml",
            "created_at": NOW,
            "next_poll_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_article(
    session: Session, source: Source, *topics: Topic, seq: int | None = None, **values: object
) -> Article:
    """Make an article in these topics; with `seq` it is settled, and counts for digests."""
    n = next(_numbers)
    published = values.pop("published_at", NOW - timedelta(hours=n % 48))
    row = Article(
        **{
            "newsletter_id": source.newsletter_id,
            "source_id": source.id,
            "guid": f"guid-{n}",
            "url": f"https://courier.example/{n}",
            "canonical_url": f"https://courier.example/{n}",
            "title": f"Headline number {n}",
            "summary": f"What happened in story {n}.",
            "categories": [],
            "published_at": published,
            "fetched_at": NOW,
            "changed_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    session.add_all(
        ArticleTopic(
            article_id=row.id,
            topic_id=topic.id,
            mapped_at=NOW,
            eligible_seq=seq,
            settled_at=NOW if seq is not None else None,
        )
        for topic in topics
    )
    session.flush()
    return row


def make_operator(session: Session, *, role: Role = Role.ADMIN, **values: object) -> Operator:
    n = next(_numbers)
    email = str(values.pop("email", f"operator{n}@courier.example"))
    row = Operator(
        **{"email": email, "email_key": email, "name": "Ada", "role": role, "created_at": NOW, **values}
    )
    session.add(row)
    session.flush()
    return row
