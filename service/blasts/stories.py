"""Articles in a blast: found for the picker, and as they are printed."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from service.articles.models import Article, ArticleTopic
from service.emails.letters import DigestItem
from service.newsletters.models import Newsletter, Topic
from service.subscribers import schedule

SHOWN = 8
#: The picker looks no further back: it reads titles, for which there is no index.
RECENT = timedelta(days=180)


def search(session: Session, newsletter_id: int, words: str, *, now: datetime) -> list[Article]:
    """Return the latest articles whose titles hold all of these words; without words the latest."""
    query = (
        select(Article)
        .options(joinedload(Article.source))
        .where(
            Article.newsletter_id == newsletter_id,
            Article.withdrawn_at.is_(None),
            Article.published_at >= now - RECENT,
        )
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(SHOWN)
    )
    for word in words.replace("\x00", "").split()[:6]:
        query = query.where(func.lower(Article.title).contains(word.lower(), autoescape=True))
    return list(session.scalars(query))


def find(session: Session, newsletter: Newsletter, article_ids: Collection[int]) -> dict[int, DigestItem]:
    """Return the articles that may be shown among these, as stories of a mail."""
    if not article_ids:
        return {}
    rows = session.scalars(
        select(Article)
        .options(joinedload(Article.source))
        .where(
            Article.id.in_(article_ids),
            Article.newsletter_id == newsletter.id,
            Article.withdrawn_at.is_(None),
        )
    ).all()
    topics = _topics(session, [row.id for row in rows])
    return {row.id: _item(row, topic=topics.get(row.id, ""), newsletter=newsletter) for row in rows}


def _topics(session: Session, article_ids: Collection[int]) -> dict[int, str]:
    """Return the first topic of each article, in the newsletter's order."""
    rows = session.execute(
        select(ArticleTopic.article_id, Topic.name)
        .join(Topic, Topic.id == ArticleTopic.topic_id)
        .where(ArticleTopic.article_id.in_(article_ids))
        .order_by(Topic.position.desc(), Topic.id.desc())
    )
    return dict(rows.all())


def _item(article: Article, *, topic: str, newsletter: Newsletter) -> DigestItem:
    source = article.source.name
    return DigestItem(
        title=article.title,
        summary=article.summary,
        url=article.url,
        topic=topic or source,
        # Beside its own name, or twice, the name of the source would say nothing.
        source=source if topic and source.strip() != newsletter.name else "",
        reason="",
        author=article.author,
        published_on=schedule.local_date(article.published_at, time_zone=newsletter.time_zone),
        image_url=article.picture_url,
        image_alt=article.image_alt,
        image_width=article.image_width,
        image_height=article.image_height,
    )
