"""Which topics a recognised reader reads."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import ArticleTopic
from service.newsletters.models import Topic
from service.popularity.models import Click, Verdict


def topics_read(session: Session, reader: bytes) -> list[tuple[Topic, int]]:
    """Return the topics of the articles that a reader followed in the last 30 days, the most read first."""
    read = func.count(Click.article_id.distinct())
    rows = session.execute(
        select(Topic, read)
        .join(ArticleTopic, ArticleTopic.topic_id == Topic.id)
        .join(Click, Click.article_id == ArticleTopic.article_id)
        .where(Click.reader == reader, Click.verdict == Verdict.HUMAN)
        .group_by(Topic.id)
        .order_by(read.desc(), Topic.position, Topic.id)
    )
    return [(topic, count) for topic, count in rows]
