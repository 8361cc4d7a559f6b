"""Takes an article back: from its commit on it is in no digest that is still to be planned.

Mails that wait and hold it are not sent as they are either: senders set them aside, and
`digests.pulling` makes them anew without it.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.articles.models import Article
from service.errors import NotFound


def withdraw(session: Session, article_id: int, *, actor: str, now: datetime) -> Article:
    """Mark the article as withdrawn; a second time changes nothing.

    :raises NotFound: there is no such article.
    """
    article = _locked(session, article_id)
    if article.withdrawn_at is None:
        article.withdrawn_at, article.pulled_at = now, None
        _record(session, article, "article.withdrawn", actor=actor, now=now)
    return article


def restore(session: Session, article_id: int, *, actor: str, now: datetime) -> Article:
    """Undo a withdrawal; the article keeps the place in the order that it had.

    :raises NotFound: there is no such article.
    """
    article = _locked(session, article_id)
    if article.withdrawn_at is not None:
        article.withdrawn_at = article.pulled_at = None
        # A feed that still says that it was deleted said so before.
        article.changed_at = now
        _record(session, article, "article.restored", actor=actor, now=now)
    return article


def _record(session: Session, article: Article, action: str, *, actor: str, now: datetime) -> None:
    audit.record(session, actor=actor, action=action, subject=f"article {article.id}", now=now)


def _locked(session: Session, article_id: int) -> Article:
    article = session.get(Article, article_id, with_for_update=True, populate_existing=True)
    if article is None:
        raise NotFound("There is no such article.")
    return article
