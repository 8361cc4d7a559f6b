"""Reading sources and what they bring, for the console's lists."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import Article, CategoryMapping, Source


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source and how it does, for the console."""

    source: Source
    articles: int
    latest_article_at: datetime | None


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
