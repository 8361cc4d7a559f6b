"""Gives articles their place in the one order that digests read (DESIGN 4).

Dates lie and database sequences commit out of order. So one settler at a time, under an advisory lock that
it holds until its commit, draws the numbers: whoever has read a cut-off never finds a smaller number later.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from service.articles.models import ELIGIBLE_SEQ, Article, ArticleTopic
from service.newsletters.models import Topic

_LOCK = 0x534554544C45
#: In one transaction; the next tick takes the rest.
_AT_MOST = 5000


def settle(session: Session, *, settle_minutes: int, now: datetime) -> int:
    """Number what is published and has rested; return how many (none while another settler is at it)."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    rested = now - timedelta(minutes=settle_minutes)
    due = (
        select(ArticleTopic.article_id, ArticleTopic.topic_id)
        .join(Article)
        .where(
            ArticleTopic.eligible_seq.is_(None),
            Article.withdrawn_at.is_(None),
            Article.published_at <= now,
            or_(Article.published_at <= rested, Article.fetched_at <= rested),
        )
        .order_by(Article.published_at, Article.id, ArticleTopic.topic_id)
        .limit(_AT_MOST)
        .subquery()
    )
    # The inner ORDER BY is done before the numbers are drawn: a subquery that sorts is not flattened.
    numbered = select(due.c.article_id, due.c.topic_id, ELIGIBLE_SEQ.next_value().label("seq")).cte(
        "numbered"
    )
    settled = session.execute(
        update(ArticleTopic)
        .where(
            and_(
                ArticleTopic.article_id == numbered.c.article_id,
                ArticleTopic.topic_id == numbered.c.topic_id,
                ArticleTopic.eligible_seq.is_(None),
            )
        )
        .values(eligible_seq=numbered.c.seq, settled_at=now)
        .returning(ArticleTopic.article_id)
        .execution_options(synchronize_session=False)
    )
    return len(settled.all())


def cutoff(session: Session) -> int:
    """Return the largest number that is committed; 0 before the first. A digest takes (watermark, cutoff]."""
    newest = (
        select(ArticleTopic.eligible_seq)
        .where(ArticleTopic.topic_id == Topic.id, ArticleTopic.eligible_seq.is_not(None))
        .order_by(ArticleTopic.eligible_seq.desc())
        .limit(1)
        .lateral()
    )
    # One look at the end of each topic's index instead of a walk through every row.
    return (
        session.scalar(select(func.coalesce(func.max(newest.c.eligible_seq), 0)).select_from(Topic, newest))
        or 0
    )
