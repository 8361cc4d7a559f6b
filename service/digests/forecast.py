"""What a choice of topics will bring, judged by the last weeks: "about 9 articles every Friday"."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, distinct, exists, func, select
from sqlalchemy.orm import Session, aliased

from service.articles.models import Article, ArticleTopic, Source
from service.languages.words import _, n_
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import phrases

WEEKS = 4
_STORY = func.coalesce(Article.story_id, Article.id)
#: Days between two digests, on the whole.
_DAYS = {
    Rhythm.DAILY: 1.0,
    Rhythm.WEEKDAYS: 1.4,
    Rhythm.WEEKLY: 7.0,
    Rhythm.FORTNIGHTLY: 14.0,
    Rhythm.MONTHLY: 30.4,
}


def per_week(
    session: Session,
    newsletter: Newsletter,
    *,
    topic_ids: Collection[int],
    excluded: Collection[int] = (),
    muted: Collection[int] = (),
    now: datetime,
) -> float:
    """Return how many stories a week these topics have had of late; no topics are all of them."""
    wanted = set(topic_ids) or {topic.id for topic in newsletter.open_topics}
    other = aliased(ArticleTopic)
    shut_out = exists().where(other.article_id == Article.id, other.topic_id.in_(excluded))
    count = session.scalar(
        select(func.count(distinct(_STORY)))
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .where(
            ArticleTopic.topic_id.in_(wanted),
            *_lately(newsletter, now=now),
            *([~shut_out] if excluded else []),
            *([Article.source_id.not_in(muted)] if muted else []),
        )
    )
    return (count or 0) / WEEKS


def each_topic(session: Session, newsletter: Newsletter, *, now: datetime) -> dict[int, float]:
    """Return how many stories a week each open topic has had of late."""
    rows = session.execute(
        select(ArticleTopic.topic_id, func.count(distinct(_STORY)))
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(*_lately(newsletter, now=now))
        .group_by(ArticleTopic.topic_id)
    )
    found = dict(rows.all())
    return {topic.id: found.get(topic.id, 0) / WEEKS for topic in newsletter.open_topics}


class SourceOffer(NamedTuple):
    """A source that readers may mute, and what it has brought of late."""

    id: int
    name: str
    weekly: float


def each_source(session: Session, newsletter: Newsletter, *, now: datetime) -> list[SourceOffer]:
    """Return the sources of a newsletter by name, each with how many articles a week it has had of late."""
    rows = session.execute(
        select(Source.id, Source.name, func.count(Article.id))
        .outerjoin(Article, (Article.source_id == Source.id) & and_(*_lately(newsletter, now=now)))
        .where(Source.newsletter_id == newsletter.id)
        .group_by(Source.id)
        .order_by(func.lower(Source.name), Source.id)
    )
    return [SourceOffer(source_id, name, count / WEEKS) for source_id, name, count in rows]


def per_digest(weekly: float, *, rhythm: Rhythm, most: int) -> float:
    """Return how many of so many stories a week one digest brings; of "enough" nobody knows beforehand."""
    return min(weekly * _DAYS[rhythm] / 7, most)


def sentence(weekly: float, *, rhythm: Rhythm, weekday: int, least: int, most: int, enough: int) -> str:
    """Say what so many stories a week make of a rhythm; `least` and `most` are what a digest holds."""
    if rhythm is Rhythm.ENOUGH:
        return _when_enough(weekly, enough)
    each = weekly * _DAYS[rhythm] / 7
    count = round(each if each < least else min(each, most))
    when = phrases.days(rhythm, weekday=weekday, enough=enough)
    if each < least:
        return n_(
            "About %(n)s article %(when)s: most of the time too little for a mail; what there is waits for "
            "the next one.",
            "About %(n)s articles %(when)s: most of the time too little for a mail; what there is waits for "
            "the next one.",
            count,
            when=when,
        )
    return n_("About %(n)s article %(when)s.", "About %(n)s articles %(when)s.", count, when=when)


def _lately(newsletter: Newsletter, *, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Article.newsletter_id == newsletter.id,
        Article.published_at > now - timedelta(weeks=WEEKS),
        Article.published_at <= now,
        Article.withdrawn_at.is_(None),
    )


def _when_enough(weekly: float, enough: int) -> str:
    if weekly < 0.5:
        return _("Hardly anything came in these topics of late.")
    days = max(1, round(enough / weekly * 7))
    often = n_("about every day", "about every %(n)s days", days)
    return n_("%(n)s article, %(often)s.", "%(n)s articles, %(often)s.", enough, often=often)
