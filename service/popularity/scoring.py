"""Scores the articles of the last weeks, from hourly counts: one read, one write, whatever their number."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic
from service.popularity import expectation, ranking
from service.popularity.expectation import PLACED, PRIOR_RATES, Place, Seen
from service.popularity.models import ArticleScore, Signal, SignalBucket
from service.popularity.ranking import Score

WINDOW = timedelta(days=35)
_HOUR = timedelta(hours=1)
_COLUMNS = ("score", "sd", "observed", "explanation")
#: What is expected is learned from the newest so many of a newsletter.
_LEARN_FROM = 3_000

#: Newsletter -> article -> what was counted.
_Counted = dict[int, dict[int, Seen]]


def rescore(session: Session, *, now: datetime) -> int:
    """Score every article of the last 35 days of which anything is known; return how many."""
    counted = _count(session, now=now)
    overall = {signal: _first_place_rate(counted, signal) for signal in PLACED}
    found: dict[int, Score] = {}
    for articles in counted.values():
        newest = sorted(articles.values(), key=lambda seen: seen.age_hours)[:_LEARN_FROM]
        found |= expectation.scores(articles, expectation.fit(newest, prior_rates=overall))
    _write(session, dict(sorted(found.items())), now=now)
    return len(found)


def _count(session: Session, *, now: datetime) -> _Counted:
    """Add up the buckets per article and signal; one without a bucket of a signal stays out of it."""
    rows = session.execute(
        select(
            Article.newsletter_id,
            Article.published_at,
            SignalBucket.article_id,
            SignalBucket.signal,
            SignalBucket.slot,
            SignalBucket.hour,
            SignalBucket.observed,
            SignalBucket.shown,
        )
        .join(Article, Article.id == SignalBucket.article_id)
        .where(Article.published_at >= now - WINDOW, SignalBucket.hour >= now - WINDOW)
    ).all()
    topics = _topics(session, {row.article_id for row in rows})
    counted: _Counted = defaultdict(dict)
    for row in rows:
        articles = counted[row.newsletter_id]
        seen = articles.get(row.article_id)
        if seen is None:
            age = (now - row.published_at) / _HOUR
            seen = articles[row.article_id] = Seen(topics.get(row.article_id, ()), age)
        if row.signal in PLACED:
            if not row.observed and not row.shown:
                continue
            place = seen.places.setdefault(row.signal, {}).setdefault(row.slot, Place())
            place.clicks += row.observed
            place.exposure += row.shown * ranking.arrived(row.signal, (now - row.hour) / _HOUR)
        elif row.signal is Signal.PAGE_VIEW:
            seen.views = (seen.views or 0) + row.observed
        else:
            seen.shares = (seen.shares or 0) + row.observed
    return counted


def _topics(session: Session, article_ids: set[int]) -> dict[int, tuple[int, ...]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    rows = session.execute(
        select(ArticleTopic.article_id, ArticleTopic.topic_id).where(ArticleTopic.article_id.in_(article_ids))
    )
    for article_id, topic_id in rows:
        found[article_id].append(topic_id)
    return {article_id: tuple(sorted(topic_ids)) for article_id, topic_ids in found.items()}


def _first_place_rate(counted: Mapping[int, Mapping[int, Seen]], signal: Signal) -> float:
    """Return what a first place gets in all newsletters together: a small one leans on it."""
    clicks = exposure = 0.0
    for articles in counted.values():
        for seen in articles.values():
            for slot, place in seen.places.get(signal, {}).items():
                clicks += place.clicks
                exposure += place.exposure * ranking.slot_rate(slot)
    return clicks / exposure if clicks and exposure else PRIOR_RATES[signal]


def _write(session: Session, scores: Mapping[int, Score], *, now: datetime) -> None:
    if not scores:
        return
    statement = insert(ArticleScore)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["article_id"],
            set_={name: statement.excluded[name] for name in (*_COLUMNS, "computed_at")},
        ),
        [
            {
                "article_id": article_id,
                "computed_at": now,
                **{name: getattr(score, name) for name in _COLUMNS},
            }
            for article_id, score in scores.items()
        ],
        execution_options={"synchronize_session": False},
    )
