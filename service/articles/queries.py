"""Reading articles and sources: the pool that digests choose from, and the console's lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic, CategoryMapping, Source


@dataclass(frozen=True, slots=True)
class Pooled:
    """An article in a topic's pool, with what a choice needs to know; one per article and topic."""

    article_id: int
    topic_id: int
    eligible_seq: int
    published_at: datetime
    source_id: int
    title: str


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source and how it does, for the console."""

    source: Source
    articles: int
    latest_article_at: datetime | None


def pool(
    session: Session,
    *,
    topic_ids: Collection[int],
    after_seq: int,
    until_seq: int,
    limit: int,
) -> list[Pooled]:
    """Return what became eligible in (after_seq, until_seq], newest first, without what was withdrawn."""
    rows = session.execute(
        select(
            ArticleTopic.article_id,
            ArticleTopic.topic_id,
            ArticleTopic.eligible_seq,
            Article.published_at,
            Article.source_id,
            Article.title,
        )
        .join(Article)
        .where(
            ArticleTopic.topic_id.in_(topic_ids),
            ArticleTopic.eligible_seq > after_seq,
            ArticleTopic.eligible_seq <= until_seq,
            Article.withdrawn_at.is_(None),
        )
        .order_by(ArticleTopic.eligible_seq.desc())
        .limit(limit)
    )
    # `eligible_seq` is nullable for the type checker only: the comparison above leaves NULL out.
    return [Pooled(a, t, seq or 0, published, source, title) for a, t, seq, published, source, title in rows]


def articles_by_id(session: Session, article_ids: Collection[int]) -> dict[int, Article]:
    """Return the articles with these ids, withdrawn ones too."""
    rows = session.scalars(select(Article).where(Article.id.in_(article_ids)))
    return {row.id: row for row in rows}


def withdrawn_among(session: Session, article_ids: Collection[int]) -> set[int]:
    """Return which of these articles were taken back: the last look before a mail leaves."""
    return set(
        session.scalars(
            select(Article.id).where(Article.id.in_(article_ids), Article.withdrawn_at.is_not(None))
        )
    )


def list_sources(session: Session, newsletter_id: int) -> list[SourceHealth]:
    """Return the sources of a newsletter by name, with how many articles each brought."""
    rows = session.execute(
        select(Source, func.count(Article.id), func.max(Article.published_at))
        .outerjoin(Article)
        .where(Source.newsletter_id == newsletter_id)
        .group_by(Source.id)
        .order_by(Source.name, Source.id)
    )
    return [SourceHealth(*row) for row in rows]


def list_articles(
    session: Session, newsletter_id: int, *, before_id: int | None = None, limit: int = 50
) -> Sequence[Article]:
    """Return articles as they came in, latest first; `before_id` is where the last page ended."""
    statement = select(Article).where(Article.newsletter_id == newsletter_id)
    if before_id is not None:
        statement = statement.where(Article.id < before_id)
    return session.scalars(statement.order_by(Article.id.desc()).limit(limit)).all()


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
