"""The sample readers and what they clicked, as rows that look as if weeks had passed."""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic
from service.demo.clicks import plan_clicks
from service.demo.publication import load_publication
from service.demo.readers import SampleReader, invent_readers
from service.digests.slots import LATEST
from service.newsletters.models import Rhythm, Topic
from service.popularity import buckets
from service.popularity.models import Click, Verdict
from service.subscribers import addresses, schedule
from service.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    Subscription,
    SubscriptionState,
)

#: How many mails of an imagined past each clicked place of an article stands for.
SHOWN_PER_PLACE = 40
#: Clicks of the sample belong to no mailing of this installation.
NO_MAILING = 0
#: Where an article stood that nobody clicked.
UNCLICKED_PLACE = 5
WORDING = "Sample reader of the demo; no person stands behind this address."


#: Days before now up to which a reader of this rhythm has read.
_READ_UNTIL = {
    Rhythm.DAILY: 2,
    Rhythm.WEEKDAYS: 2,
    Rhythm.ENOUGH: 3,
    Rhythm.WEEKLY: 7,
    Rhythm.FORTNIGHTLY: 14,
    Rhythm.MONTHLY: 28,
}


def add_readers(session: Session, newsletter_id: int, *, now: datetime) -> None:
    """Add the sample readers, confirmed long ago; those whose hour came today are due at once."""
    if session.scalar(select(exists().where(Subscription.newsletter_id == newsletter_id))):
        return
    rows = session.scalars(select(Topic).where(Topic.newsletter_id == newsletter_id))
    topic_ids = {topic.name: topic.id for topic in rows}
    by_slug = {topic.slug: topic_ids[topic.name] for topic in load_publication().topics}
    read_already = {
        rhythm: _seq_before(session, now - timedelta(days=days)) for rhythm, days in _READ_UNTIL.items()
    }
    readers = [
        _subscription(reader, newsletter_id, by_slug, watermark=read_already[reader.rhythm], now=now)
        for reader in invent_readers(list(by_slug))
    ]
    session.add_all(readers)
    session.flush()
    session.add_all(event for reader in readers for event in _consent(reader))


def add_clicks(session: Session, newsletter_id: int, *, started_at: datetime, now: datetime) -> None:
    """Add the sample clicks and what was shown for them; once."""
    if session.scalar(select(exists().where(Click.mailing_id == NO_MAILING))):
        return
    sample = load_publication().articles
    by_title = {
        article.title: article.id
        for article in session.scalars(select(Article).where(Article.newsletter_id == newsletter_id))
    }
    ids = [by_title.get(article.headline) for article in sample]
    planned = [click for click in plan_clicks([article.age for article in sample]) if ids[click.article]]
    session.execute(
        insert(Click),
        [
            {
                "at": started_at - timedelta(hours=click.hours_ago),
                "article_id": ids[click.article],
                "mailing_id": NO_MAILING,
                "slot": click.slot,
                "variant": 0,
                "visitor": click.visitor.to_bytes(4, "big"),
                "verdict": Verdict.HUMAN,
            }
            for click in planned
        ],
    )
    places: dict[int | None, set[int]] = {}
    for click in planned:
        places.setdefault(ids[click.article], set()).add(click.slot)
    for article_id, article in zip(ids, sample, strict=True):
        if article_id is not None:
            shown = dict.fromkeys(places.get(article_id, {UNCLICKED_PLACE}), SHOWN_PER_PLACE)
            # Soon after it was published, as in the digest that would have carried it.
            hour = buckets.hour_of(started_at - article.age * 0.9)
            buckets.add_shown(session, {article_id: shown}, hour=hour)
    buckets.count_clicks(session, since=buckets.first_recountable(now), until=now)


def _seq_before(session: Session, moment: datetime) -> int:
    newest = (
        select(func.max(ArticleTopic.eligible_seq))
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(Article.published_at < moment)
    )
    return session.scalar(newest) or 0


def _subscription(
    reader: SampleReader, newsletter_id: int, topic_ids: dict[str, int], *, watermark: int, now: datetime
) -> Subscription:
    address = addresses.parse(reader.address)
    joined = now - timedelta(days=reader.joined_days_ago)
    return Subscription(
        subscriber=Subscriber(email=address.email, email_key=address.key, created_at=joined),
        newsletter_id=newsletter_id,
        state=SubscriptionState.ACTIVE,
        topic_ids=sorted(topic_ids[slug] for slug in reader.topics),
        rhythm=reader.rhythm,
        weekday=reader.weekday,
        hour=reader.hour,
        time_zone=reader.time_zone,
        announcements=reader.announcements,
        watermark=watermark,
        next_due_at=schedule.next_due(
            reader.rhythm,
            weekday=reader.weekday,
            hour=reader.hour,
            time_zone=reader.time_zone,
            # Not so long ago that the hour has passed for too long.
            after=now - min(timedelta(days=1), LATEST[reader.rhythm] - timedelta(hours=1)),
        ),
        created_at=joined,
        requested_at=joined,
        confirmed_at=joined + timedelta(minutes=3),
    )


def _consent(subscription: Subscription) -> list[ConsentEvent]:
    return [
        ConsentEvent(subscription_id=subscription.id, kind=kind, at=at, channel="demo", wording=WORDING)
        for kind, at in (
            (ConsentKind.REQUESTED, subscription.requested_at),
            (ConsentKind.CONFIRMED, subscription.confirmed_at),
        )
    ]
