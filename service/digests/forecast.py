"""What a choice of topics will bring, judged by the last weeks: "about 9 articles every Friday"."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import distinct, exists, func, select
from sqlalchemy.orm import Session, aliased

from service.articles.models import Article, ArticleTopic
from service.languages.words import _, n_
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import phrases

WEEKS = 4
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
    now: datetime,
) -> float:
    """Return how many stories a week these topics have had of late; no topics are all of them."""
    wanted = set(topic_ids) or {topic.id for topic in newsletter.open_topics}
    other = aliased(ArticleTopic)
    shut_out = exists().where(other.article_id == Article.id, other.topic_id.in_(excluded))
    story = func.coalesce(Article.story_id, Article.id)
    count = session.scalar(
        select(func.count(distinct(story)))
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .where(
            ArticleTopic.topic_id.in_(wanted),
            Article.newsletter_id == newsletter.id,
            Article.published_at > now - timedelta(weeks=WEEKS),
            Article.published_at <= now,
            Article.withdrawn_at.is_(None),
            *([~shut_out] if excluded else []),
        )
    )
    return (count or 0) / WEEKS


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


def _when_enough(weekly: float, enough: int) -> str:
    if weekly < 0.5:
        return _("Hardly anything came in these topics of late.")
    days = max(1, round(enough / weekly * 7))
    often = n_("about every day", "about every %(n)s days", days)
    return n_("%(n)s article, %(often)s.", "%(n)s articles, %(often)s.", enough, often=often)
