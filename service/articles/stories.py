"""Folds near duplicates into stories."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article


def story_of(session: Session, article_ids: Collection[int]) -> dict[int, int]:
    """Return the stories of those articles that are one of several; any other is a story by itself."""
    if not article_ids:
        return {}
    rows = session.execute(
        select(Article.id, Article.story_id).where(Article.id.in_(article_ids), Article.story_id.is_not(None))
    )
    return {article_id: story_id for article_id, story_id in rows if story_id is not None}
