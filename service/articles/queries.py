"""Reading sources and what they bring, for the console's lists."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Date, cast, func, select, true
from sqlalchemy.orm import Session

from service.articles import polls
from service.articles.models import Article, CategoryMapping, Source, SourcePoll

#: Days in the little plot of what a source brings, and looks in its row of marks.
DAYS, LOOKS = 14, 12
#: A source that brought something before, and nothing for so long, is worth a look though it can be read.
_SILENT = timedelta(days=7)


class Health(StrEnum):
    """How a source does, in one word."""

    #: Not looked at yet.
    NEW = "new"
    HEALTHY = "healthy"
    #: It can be read and has had nothing new for a week.
    SILENT = "silent"
    FAILING = "failing"
    #: Somebody switched it off, or it said that it is gone for good.
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source and how it does, for the console."""

    source: Source
    articles: int
    latest_article_at: datetime | None
    health: Health
    #: Articles by the day (UTC) they were published on, the last of them today.
    days: tuple[int, ...] = ()
    #: The last looks, the newest first.
    looks: tuple[SourcePoll, ...] = ()


def list_sources(session: Session, newsletter_id: int, *, now: datetime) -> list[SourceHealth]:
    """Return the sources of a newsletter: those that need a person first, then by name."""
    brought = (
        # From the index alone, source by source: joined first, every article would be read.
        select(func.count().label("n"), func.max(Article.published_at).label("latest_at"))
        .where(Article.source_id == Source.id)
        .lateral()
    )
    rows = session.execute(
        select(Source, brought.c.n, brought.c.latest_at)
        .join(brought, true())
        .where(Source.newsletter_id == newsletter_id)
        .order_by(func.lower(Source.name), Source.id)
    ).all()
    return _with_health(session, [(row[0], row[1], row[2]) for row in rows], now=now)


def health_of(session: Session, source: Source, *, looks: int, now: datetime) -> SourceHealth:
    """Return how one source does, with so many of its last looks."""
    row = session.execute(
        select(func.count(), func.max(Article.published_at)).where(Article.source_id == source.id)
    ).one()
    return _with_health(session, [(source, row[0], row[1])], looks=looks, now=now)[0]


def count_unmapped(session: Session, newsletter_id: int) -> int:
    """Return how many categories wait for an operator."""
    return (
        session.scalar(
            select(func.count(CategoryMapping.id)).where(
                CategoryMapping.newsletter_id == newsletter_id,
                CategoryMapping.topic_id.is_(None),
                CategoryMapping.ignored.is_(False),
            )
        )
        or 0
    )


def _with_health(
    session: Session,
    rows: Collection[tuple[Source, int, datetime | None]],
    *,
    looks: int = LOOKS,
    now: datetime,
) -> list[SourceHealth]:
    ids = [source.id for source, _, _ in rows]
    latest = polls.latest(session, ids, limit=looks)
    days = _days(session, ids, now=now)
    found = [
        SourceHealth(source, n, at, _health(source, at, now=now), days[source.id], tuple(latest[source.id]))
        for source, n, at in rows
    ]
    return sorted(found, key=lambda one: one.health is not Health.FAILING)


def _health(source: Source, latest_article_at: datetime | None, *, now: datetime) -> Health:
    if not source.enabled:
        return Health.OFF
    if source.last_error is not None:
        return Health.FAILING
    if source.last_polled_at is None:
        return Health.NEW
    silent = latest_article_at is not None and latest_article_at < now - _SILENT
    return Health.SILENT if silent else Health.HEALTHY


def _days(session: Session, source_ids: Collection[int], *, now: datetime) -> dict[int, tuple[int, ...]]:
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    day = cast(func.timezone("UTC", Article.published_at), Date)
    rows = session.execute(
        select(Article.source_id, day, func.count())
        .where(
            Article.source_id.in_(source_ids),
            Article.published_at >= datetime(first.year, first.month, first.day, tzinfo=UTC),
        )
        .group_by(Article.source_id, day)
    )
    counts: dict[tuple[int, date], int] = {(source_id, on): n for source_id, on, n in rows}
    return {
        source_id: tuple(counts.get((source_id, first + timedelta(days=n)), 0) for n in range(DAYS))
        for source_id in source_ids
    }
