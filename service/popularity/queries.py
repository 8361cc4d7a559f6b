"""Reading scores."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.popularity.models import ArticleScore


def scores(session: Session, article_ids: Collection[int]) -> dict[int, ArticleScore]:
    """Return the scores of these articles; one without a score is average."""
    rows = session.scalars(select(ArticleScore).where(ArticleScore.article_id.in_(article_ids)))
    return {row.article_id: row for row in rows}
