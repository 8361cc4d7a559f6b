"""A newsletter whose readers are all due at once: many topics of very different size, few readers alike."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic, Source
from service.bench import content
from service.db import Sessions, transaction
from service.newsletters.models import Newsletter, Rhythm, Sender, Topic
from service.popularity.models import ArticleScore
from service.subscribers.models import SubscriptionState

DOMAIN = content.DOMAIN
_SLICE = 50_000
#: Readers who did not get the last digests: their watermark is an older one (`digests.md` 4.2).
_BEHIND = 0.05
_SOURCES = 12
_SETTLED = timedelta(days=7)

_PEOPLE = "COPY subscribers (id, email, email_key, created_at) FROM STDIN"
_SUBSCRIPTIONS = (
    "COPY subscriptions (subscriber_id, newsletter_id, state, generation, topic_ids, rhythm, weekday, hour, "
    "time_zone, announcements, first_digest_pending, watermark, next_due_at, created_at, requested_at, "
    "confirmed_at) FROM STDIN"
)


def write(
    sessions: Sessions,
    *,
    readers: int,
    topics: int,
    picks: int,
    articles: int,
    now: datetime,
    progress: Callable[[int, int], None],
) -> int:
    """Write the world; return the newsletter's id. The same numbers make the same world."""
    dice = Random(f"{topics} {picks} {articles}")
    with transaction(sessions) as session:
        newsletter = _newsletter(topics, now=now)
        session.add(newsletter)
        session.flush()
        topic_ids = [topic.id for topic in newsletter.topics]
        sources = [
            Source(
                newsletter_id=newsletter.id,
                name=f"Feed {n}",
                url=f"https://{DOMAIN}/feed{n}",
                created_at=now,
                next_poll_at=now + timedelta(days=1),
            )
            for n in range(_SOURCES)
        ]
        session.add_all(sources)
        session.flush()
        for number in range(articles):
            session.add(_article(dice, sources, number, articles, now=now))
        session.flush()
        ids = session.scalars(text("SELECT id FROM articles ORDER BY id")).all()
        _settle(session, dice, ids, topic_ids, now=now)
        newsletter_id = newsletter.id
    _readers(
        sessions,
        newsletter_id,
        topic_ids,
        readers=readers,
        picks=picks,
        articles=articles,
        now=now,
        progress=progress,
    )
    return newsletter_id


def _newsletter(topics: int, *, now: datetime) -> Newsletter:
    row = content.newsletter(now=now)
    row.sender = Sender(
        name=row.name, email=f"news@{DOMAIN}", postal_address="1 Quay Street, Harbour", created_at=now
    )
    row.max_items = 10
    row.topics = [Topic(slug=f"topic-{n}", name=f"Topic {n}", position=n) for n in range(topics)]
    return row


def _article(dice: Random, sources: list[Source], number: int, count: int, *, now: datetime) -> Article:
    published = now - _SETTLED + timedelta(seconds=_SETTLED.total_seconds() * number / count * 0.98)
    return Article(
        newsletter_id=sources[0].newsletter_id,
        source_id=dice.choice(sources).id,
        guid=f"article-{number}",
        url=f"https://{DOMAIN}/{number}",
        canonical_url=f"https://{DOMAIN}/{number}",
        title=" ".join(dice.choices(content.WORDS, k=8)).capitalize(),
        summary=" ".join(dice.choices(content.WORDS, k=40)).capitalize() + ".",
        author=f"Author {dice.randrange(60)}",
        image_url=f"https://{DOMAIN}/{number}.jpg" if dice.random() < 0.7 else None,
        image_alt="",
        categories=[],
        published_at=published,
        fetched_at=published,
        changed_at=published,
        story_due=False,
    )


def _settle(
    session: Session, dice: Random, ids: Sequence[int], topic_ids: list[int], *, now: datetime
) -> None:
    weights = [1 / (rank + 1) for rank in range(len(topic_ids))]
    seq = 0
    for article_id in ids:
        for topic_id in sorted(set(dice.choices(topic_ids, weights=weights, k=dice.choice((1, 1, 2))))):
            seq += 1
            session.add(
                ArticleTopic(
                    article_id=article_id, topic_id=topic_id, mapped_at=now, eligible_seq=seq, settled_at=now
                )
            )
        if dice.random() < 0.8:
            session.add(
                ArticleScore(
                    article_id=article_id,
                    score=dice.gauss(0, 0.5),
                    sd=dice.uniform(0.1, 0.6),
                    observed=dice.randrange(0, 200),
                    explanation="Invented.",
                    computed_at=now,
                )
            )


def _readers(
    sessions: Sessions,
    newsletter_id: int,
    topic_ids: list[int],
    *,
    readers: int,
    picks: int,
    articles: int,
    now: datetime,
    progress: Callable[[int, int], None],
) -> None:
    dice = Random(f"{readers} {picks}")
    weights = [1 / (rank + 1) for rank in range(len(topic_ids))]
    stamp = now.isoformat()
    long_ago = (now - timedelta(days=60)).isoformat()
    for first in range(1, readers + 1, _SLICE):
        last = min(first + _SLICE - 1, readers)
        with transaction(sessions) as session:
            driver = session.connection().connection.driver_connection
            assert driver is not None
            with driver.cursor() as cursor:
                with cursor.copy(_PEOPLE) as copy:
                    for n in range(first, last + 1):
                        address = f"reader{n}@mail{n % 50}.example"
                        copy.write_row((n, address, address, long_ago))
                with cursor.copy(_SUBSCRIPTIONS) as copy:
                    for n in range(first, last + 1):
                        chosen = _choice(dice, topic_ids, weights, picks)
                        mark = dice.randrange(articles // 10) if dice.random() < _BEHIND else 0
                        copy.write_row(
                            (
                                *(n, newsletter_id, SubscriptionState.ACTIVE.value, 1, chosen),
                                *(Rhythm.WEEKLY.value, now.isoweekday(), now.hour, "UTC", False, False),
                                *(mark, stamp, long_ago, long_ago, long_ago),
                            )
                        )
        progress(last, readers)


def _choice(dice: Random, topic_ids: list[int], weights: list[float], picks: int) -> list[int]:
    wanted = max(1, min(len(topic_ids), round(dice.gauss(picks, picks**0.5))))
    chosen: set[int] = set()
    while len(chosen) < wanted:
        chosen.update(dice.choices(topic_ids, weights=weights, k=wanted - len(chosen)))
    return sorted(chosen)
