"""What there is to read, and what readers followed: articles, their scores, and clicks of a month."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.articles.models import CategoryMapping
from service.bench import content
from service.bench.console.copying import copy, indexed_afterwards
from service.bench.console.people import House
from service.bench.console.size import Size

_AGE = timedelta(days=60)
#: Of the readers, so many clicks in the month that raw clicks are kept.
_CLICKS = 0.4
_ARTICLE = (
    "id, newsletter_id, source_id, guid, url, canonical_url, title, summary_html, summary, author, "
    "image_alt, categories, published_at, fetched_at, changed_at, story_id, story_due"
)


def articles(session: Session, size: Size, houses: Sequence[House], *, now: datetime) -> None:
    """Write the articles with topics, scores and signals, newest last; one in nine tells another's story."""
    dice = Random(size.articles)
    copy(session, "articles", _ARTICLE, _articles(size, houses, dice, now=now))
    copy(
        session,
        "article_topics",
        "article_id, topic_id, mapped_at, eligible_seq, settled_at",
        _topics(size, houses, now=now),
    )
    copy(
        session,
        "article_scores",
        "article_id, score, sd, observed, explanation, computed_at",
        ((n, dice.gauss(0, 0.5), dice.uniform(0.1, 0.6), n % 200, "Invented.", now) for n in _numbers(size)),
    )
    copy(
        session,
        "signal_buckets",
        "article_id, signal, slot, hour, observed, shown",
        _signals(size, houses, now=now),
    )
    session.execute(
        text("SELECT setval(pg_get_serial_sequence('articles', 'id'), (SELECT max(id) FROM articles))")
    )
    session.execute(text("SELECT setval('eligible_seq', (SELECT max(eligible_seq) FROM article_topics))"))
    for house in houses:
        session.add_all(_categories(house, now=now))


def curations(session: Session, houses: Sequence[House], size: Size, *, now: datetime) -> None:
    """Write what editors want of stories: some in force, some over."""
    rows = [
        (
            houses[n % len(houses)].newsletter.id,
            _of(n, size, houses),
            ("pin", "boost", "exclude")[n % 3],
            0.5 if n % 3 == 1 else 0.0,
            "The editors of this newsletter want it so.",
            "operator 1",
            now - timedelta(days=n % 40),
            now + timedelta(days=5 - n % 40),
        )
        for n in range(80)
    ]
    columns = "newsletter_id, article_id, kind, boost, reason, made_by, made_at, expires_at"
    copy(session, "curations", columns, rows)


def clicks(session: Session, size: Size, mailing_ids: Sequence[int], *, now: datetime) -> None:
    """Write the raw clicks of a month, in mailings of that month."""
    count = int(size.readers * _CLICKS)
    recent = list(mailing_ids)[-120:] or [1]
    columns = "at, article_id, mailing_id, slot, variant, visitor, gateway, user_agent, reader, verdict"

    def rows() -> Iterator[Sequence[Any]]:
        for n in range(count):
            yield (
                now - timedelta(days=30) * (1 - n / count),
                n * 7919 % size.articles + 1,
                recent[n * len(recent) // count],
                n % 10 + 1,
                0,
                n.to_bytes(32),
                (n // 3).to_bytes(32),
                "Mozilla/5.0 (X11; Linux x86_64) Bench/1.0",
                # As a subscription's key: every hundredth place.
                ((n // 40) * 100 + 1).to_bytes(16) if n % 40 == 0 else None,
                ("human", "human", "repeat", "scanner")[n % 4],
            )

    with indexed_afterwards(session, "clicks"):
        copy(session, "clicks", columns, rows())


def article_ids(size: Size, houses: Sequence[House], house: House) -> list[int]:
    """Return the articles of a newsletter, oldest first."""
    place = houses.index(house)
    return [n for n in _numbers(size) if (n % len(houses)) == place]


def _numbers(size: Size) -> range:
    return range(1, size.articles + 1)


def _of(n: int, size: Size, houses: Sequence[House]) -> int:
    own = article_ids(size, houses, houses[n % len(houses)])
    return own[-1 - n // len(houses) % len(own)]


def _articles(size: Size, houses: Sequence[House], dice: Random, *, now: datetime) -> Iterator[Sequence[Any]]:
    for n in _numbers(size):
        house = houses[n % len(houses)]
        at = now - _AGE * (1 - n / (size.articles + 1))
        # The smallest of three: the same newsletter has every fourth number.
        story = n - n % 36 + n % 4 if n % 36 < 12 and n >= 36 else None
        yield (
            n,
            house.newsletter.id,
            house.source_ids[n // 4 % len(house.source_ids)],
            f"article-{n}",
            f"https://{content.DOMAIN}/{n}",
            f"https://{content.DOMAIN}/{n}",
            " ".join(dice.choices(content.WORDS, k=8)).capitalize(),
            "",
            " ".join(dice.choices(content.WORDS, k=40)).capitalize() + ".",
            f"Author {n % 60}",
            "",
            f'{{"Category {n % 80}"}}',
            at,
            at,
            at,
            story or None,
            False,
        )


def _topics(size: Size, houses: Sequence[House], *, now: datetime) -> Iterator[Sequence[Any]]:
    sequence = 0
    for n in _numbers(size):
        topics = houses[n % len(houses)].topic_ids
        for topic_id in {topics[n // 4 % len(topics)], topics[n // 7 % len(topics)]}:
            sequence += 1
            yield (n, topic_id, now - _AGE, sequence, now - _AGE * (1 - n / (size.articles + 1)))


def _signals(size: Size, houses: Sequence[House], *, now: datetime) -> Iterator[Sequence[Any]]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    for n in _numbers(size):
        for signal, slots in (("digest_click", (1, 2, 5)), ("page_view", (0,))):
            for slot in slots:
                for back in range(0, 24, 2):
                    yield (n, signal, slot, hour - timedelta(hours=back), n % 40, 500)


def _categories(house: House, *, now: datetime) -> list[CategoryMapping]:
    return [
        CategoryMapping(
            newsletter_id=house.newsletter.id,
            category_key=f"category {n}",
            category=f"Category {n}",
            topic_id=house.topic_ids[n % 12] if n % 5 else None,
            first_seen_at=now - _AGE,
        )
        for n in range(80)
    ]
