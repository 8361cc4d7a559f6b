"""What is read most at present, as a list on the publisher's site shows it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import log
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic, Source
from service.newsletters.models import Newsletter, Topic
from service.popularity.models import ArticleScore

#: Fewer articles, or fewer counts than this of the first, and nothing is called "most read".
_FEWEST, _OBSERVED = 5, 20
#: Of ten in a list of all topics, so many may be of one.
_PER_TOPIC = 0.3
_LIMIT = 1_000


class Period(StrEnum):
    """Of which time a list speaks: yesterday's best article weighs half, or one of three days ago."""

    DAY = "day"
    WEEK = "week"


HALF_LIFE = {Period.DAY: timedelta(hours=18), Period.WEEK: timedelta(hours=72)}
_WINDOW = {Period.DAY: timedelta(days=3), Period.WEEK: timedelta(days=14)}


class Listed(NamedTuple):
    """An article of the list."""

    article_id: int
    title: str
    url: str
    topic: str
    source: str


@dataclass(frozen=True, slots=True)
class List:
    """A list in its order; `is_popular` is False where too little is known, and it is the newest instead."""

    articles: tuple[Listed, ...]
    is_popular: bool


class _Member(NamedTuple):
    listed: Listed
    story_id: int
    topic_id: int
    published_at: datetime
    own: bool
    score: float
    observed: int


def list_popular(
    session: Session,
    newsletter: Newsletter,
    *,
    topic: Topic | None = None,
    period: Period = Period.WEEK,
    limit: int,
    excluded: Collection[int] = (),
    now: datetime,
) -> List:
    """Return the best of what may be read, one article per story; `excluded` are stories."""
    stories: dict[int, list[_Member]] = {}
    for member in _members(session, newsletter, topic, since=now - _WINDOW[period], now=now):
        if member.story_id not in excluded:
            stories.setdefault(member.story_id, []).append(member)
    told = [_told(members) for members in stories.values()]
    half_life = HALF_LIFE[period]

    def worth(one: _Member) -> float:
        return one.score - log(2) * ((now - one.published_at) / half_life)

    best = sorted(told, key=lambda one: (-worth(one), one.listed.article_id))
    first = best[0] if best else None
    popular = first is not None and len(told) >= _FEWEST and first.score > 0 and first.observed >= _OBSERVED
    if not popular:
        best = sorted(told, key=lambda one: (one.published_at, one.listed.article_id), reverse=True)
    chosen = best[:limit] if topic is not None else _spread(best, limit)
    return List(tuple(one.listed for one in chosen), is_popular=popular)


def _members(
    session: Session, newsletter: Newsletter, topic: Topic | None, *, since: datetime, now: datetime
) -> list[_Member]:
    offered = {each.id: each for each in newsletter.open_topics}
    wanted = [topic.id] if topic is not None else list(offered)
    rows = session.execute(
        select(
            Article.id,
            Article.title,
            Article.url,
            func.coalesce(Article.story_id, Article.id),
            func.min(ArticleTopic.topic_id),
            Source.name,
            Article.published_at,
            func.coalesce(ArticleScore.score, 0.0),
            func.coalesce(ArticleScore.observed, 0),
        )
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .join(Source, Source.id == Article.source_id)
        .outerjoin(ArticleScore, ArticleScore.article_id == Article.id)
        .where(
            Article.newsletter_id == newsletter.id,
            Article.published_at.between(since, now),
            Article.withdrawn_at.is_(None),
            ArticleTopic.eligible_seq.is_not(None),
            ArticleTopic.topic_id.in_(wanted),
        )
        .group_by(Article.id, Source.name, ArticleScore.score, ArticleScore.observed)
        .order_by(Article.published_at.desc())
        .limit(_LIMIT)
    )
    home = _host(newsletter.home_url)
    return [
        _Member(
            listed=Listed(row[0], row[1], row[2], offered[row[4]].name, row[5]),
            story_id=row[3],
            topic_id=row[4],
            published_at=row[6],
            own=bool(home) and _host(row[2]) == home,
            score=row[7],
            observed=row[8],
        )
        for row in rows
    ]


def _told(members: Sequence[_Member]) -> _Member:
    """Our own site's article stands for a story, else the earliest; it counts as the best known of them."""
    shown = min(members, key=lambda one: (not one.own, one.published_at, one.listed.article_id))
    known = max(members, key=lambda one: (one.observed, -one.listed.article_id))
    return shown._replace(score=known.score, observed=known.observed)


def _spread(best: Sequence[_Member], limit: int) -> list[_Member]:
    """Take no more than three tenths from one topic, unless there is nothing else."""
    most = max(1, round(limit * _PER_TOPIC))
    taken: Counter[int] = Counter()
    chosen: list[_Member] = []
    left: list[_Member] = []
    for one in best:
        if taken[one.topic_id] < most and len(chosen) < limit:
            taken[one.topic_id] += 1
            chosen.append(one)
        else:
            left.append(one)
    kept = {one.listed.article_id for one in [*chosen, *left[: limit - len(chosen)]]}
    return [one for one in best if one.listed.article_id in kept]


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
