"""The newest and the most read articles, of one topic or of the whole newsletter."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from service.archive.stories import Story, is_web_address, of_article
from service.articles.models import Article, ArticleTopic
from service.digests.selection.values import POPULAR_OBSERVED
from service.newsletters.models import Newsletter, Topic
from service.popularity.models import ArticleScore

#: An article is among the most read for so long.
POPULAR_FOR = timedelta(days=28)
_STORY = func.coalesce(Article.story_id, Article.id)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A much read article; `times` is how often it was read for each time that an average one was."""

    story: Story
    times: float
    topic: Topic | None


def newest(
    session: Session, newsletter: Newsletter, topic: Topic, *, before_seq: int | None, limit: int
) -> tuple[list[Story], int | None]:
    """Return the newest articles of a topic, one of each story, and where the next page begins."""
    query = (
        select(Article, ArticleTopic.eligible_seq, _STORY)
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .where(
            ArticleTopic.topic_id == topic.id,
            ArticleTopic.eligible_seq.is_not(None),
            Article.withdrawn_at.is_(None),
        )
        .options(joinedload(Article.source))
        .order_by(ArticleTopic.eligible_seq.desc())
        .limit(limit + 1)
    )
    if before_seq is not None:
        query = query.where(ArticleTopic.eligible_seq < before_seq)
    rows = session.execute(query).all()
    following = rows[limit - 1][1] if len(rows) > limit else None
    shown = _one_of_each((article, story_id) for article, _, story_id in rows[:limit])
    return [of_article(article, newsletter=newsletter) for article in shown], following


def most_read(
    session: Session, newsletter: Newsletter, *, topic: Topic | None = None, limit: int, now: datetime
) -> list[Ranked]:
    """Return what readers chose most often, compared with an average article in the same places."""
    query = _popular(newsletter, since=now - POPULAR_FOR)
    if topic is not None:
        query = query.join(ArticleTopic, ArticleTopic.article_id == Article.id).where(
            ArticleTopic.topic_id == topic.id, ArticleTopic.eligible_seq.is_not(None)
        )
    # More than are shown: several articles may tell one story.
    rows = session.execute(query.limit(3 * limit)).all()
    scores = {article.id: score for article, score, _ in rows}
    shown = _one_of_each((article, story_id) for article, _, story_id in rows)[:limit]
    topics = _topics(session, newsletter, [article.id for article in shown])
    return [
        Ranked(of_article(one, newsletter=newsletter), math.exp(scores[one.id]), topics.get(one.id))
        for one in shown
    ]


def _popular(newsletter: Newsletter, *, since: datetime) -> Select[Article, float, int]:
    return (
        select(Article, ArticleScore.score, _STORY)
        .join(ArticleScore, ArticleScore.article_id == Article.id)
        .where(
            Article.newsletter_id == newsletter.id,
            Article.published_at >= since,
            Article.withdrawn_at.is_(None),
            ArticleScore.observed >= POPULAR_OBSERVED,
            ArticleScore.score > 0,
        )
        .options(joinedload(Article.source))
        .order_by(ArticleScore.score.desc(), Article.id)
    )


def _one_of_each(rows: Iterable[tuple[Article, int]]) -> list[Article]:
    kept: dict[int, Article] = {}
    for article, story_id in rows:
        if is_web_address(article.url):
            kept.setdefault(story_id, article)
    return list(kept.values())


def _topics(session: Session, newsletter: Newsletter, article_ids: Sequence[int]) -> dict[int, Topic]:
    """Return the first open topic of each article, in the newsletter's order."""
    rows = session.execute(
        select(ArticleTopic.article_id, ArticleTopic.topic_id).where(ArticleTopic.article_id.in_(article_ids))
    )
    places = {(article_id, topic_id) for article_id, topic_id in rows}
    return {
        article_id: topic
        for topic in reversed(newsletter.open_topics)
        for article_id in article_ids
        if (article_id, topic.id) in places
    }
