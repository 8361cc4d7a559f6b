"""Giving the articles, categories and sources of one topic to another."""

from dataclasses import dataclass

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from service.articles.locking import lock_newsletter
from service.articles.models import ArticleTopic, CategoryMapping, Source


@dataclass(frozen=True, slots=True)
class Belongings:
    """What stands in a topic."""

    articles: int
    categories: tuple[str, ...]
    sources: tuple[str, ...]


def belongings(session: Session, topic_id: int) -> Belongings:
    """Count and name what a topic has."""
    articles = session.scalar(
        select(func.count()).select_from(ArticleTopic).where(ArticleTopic.topic_id == topic_id)
    )
    categories = select(CategoryMapping.category).where(CategoryMapping.topic_id == topic_id)
    sources = select(Source.name).where(Source.default_topic_id == topic_id)
    return Belongings(
        articles or 0,
        tuple(session.scalars(categories.order_by(CategoryMapping.category))),
        tuple(session.scalars(sources.order_by(Source.name))),
    )


# An article of both keeps the later number: a reader who was past the earlier one is still to be offered it,
# and who has had it is known. It keeps the earlier instant, by which digests leave out what could be sent
# longer ago than anybody remembers.
_JOIN = text(
    """
    UPDATE article_topics AS kept SET
        eligible_seq = GREATEST(kept.eligible_seq, gone.eligible_seq),
        settled_at = LEAST(kept.settled_at, gone.settled_at)
    FROM article_topics AS gone
    WHERE gone.topic_id = :gone AND kept.topic_id = :kept AND kept.article_id = gone.article_id
      AND (gone.eligible_seq > COALESCE(kept.eligible_seq, 0) OR gone.settled_at < kept.settled_at)
    """
)
_DROP = text(
    """
    DELETE FROM article_topics AS gone USING article_topics AS kept
    WHERE gone.topic_id = :gone AND kept.topic_id = :kept AND kept.article_id = gone.article_id
    """
)
_SHARE = text(
    """
    INSERT INTO article_topics (article_id, topic_id, mapped_at, eligible_seq, settled_at)
    SELECT article_id, :kept, mapped_at, eligible_seq, settled_at FROM article_topics WHERE topic_id = :gone
    ON CONFLICT DO NOTHING
    """
)
_MOVE = text("UPDATE article_topics SET topic_id = :kept WHERE topic_id = :gone")


def share(session: Session, newsletter_id: int, gone: int, kept: int) -> None:
    """Let the articles of one topic stand in the other as well, while readers are on their way from it."""
    lock_newsletter(session, newsletter_id)
    for statement in (_JOIN, _SHARE):
        session.execute(statement, {"gone": gone, "kept": kept})


def move(session: Session, newsletter_id: int, gone: int, kept: int) -> None:
    """Move all of it, each article with its place in the order; what comes later goes there too."""
    lock_newsletter(session, newsletter_id)
    for model, column in ((Source, Source.default_topic_id), (CategoryMapping, CategoryMapping.topic_id)):
        session.execute(update(model).where(column == gone).values({column: kept}))
    for statement in (_JOIN, _DROP, _MOVE):
        session.execute(statement, {"gone": gone, "kept": kept})
