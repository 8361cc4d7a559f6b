"""Takes an article back: from its commit on it is in no digest that is still to be planned."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.articles.models import Article
from service.errors import NotFound


def withdraw(session: Session, article_id: int, *, now: datetime) -> Article:
    """Mark the article as withdrawn; a second time changes nothing."""
    article = _locked(session, article_id)
    if article.withdrawn_at is None:
        article.withdrawn_at = now
    return article


def restore(session: Session, article_id: int) -> Article:
    """Undo a withdrawal; the article keeps the place in the order that it had."""
    article = _locked(session, article_id)
    article.withdrawn_at = None
    return article


def _locked(session: Session, article_id: int) -> Article:
    article = session.get(Article, article_id, with_for_update=True)
    if article is None:
        raise NotFound("There is no such article.")
    return article
