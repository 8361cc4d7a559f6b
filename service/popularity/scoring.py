"""Scores the articles of the last weeks, from hourly counts: one read, one write, whatever their number."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.popularity import ranking
from service.popularity.models import ArticleScore, Signal, SignalBucket
from service.popularity.ranking import Observation, Score

WINDOW = timedelta(days=35)
_HOUR = timedelta(hours=1)
_COLUMNS = ("score", "sd", "observed", "explanation")


@dataclass(slots=True)
class _Tally:
    """Counts and what they came from: of an article, of a newsletter's articles, or of all."""

    observed: int = 0
    exposure: float = 0.0

    def add(self, observed: int, exposure: float) -> None:
        self.observed += observed
        self.exposure += exposure


@dataclass(frozen=True, slots=True)
class _Key:
    article_id: int
    newsletter_id: int
    signal: Signal


def rescore(session: Session, *, now: datetime) -> int:
    """Score every article of the last 35 days of which anything is known; return how many."""
    tallies = _count(session, now=now)
    rates = _rates(tallies)
    seen: dict[int, list[Observation]] = defaultdict(list)
    for key, tally in tallies.items():
        expected = tally.exposure * rates[key.newsletter_id, key.signal]
        seen[key.article_id].append(Observation(key.signal, tally.observed, expected))
    _write(session, {article_id: ranking.score(seen[article_id]) for article_id in sorted(seen)}, now=now)
    return len(seen)


def _count(session: Session, *, now: datetime) -> dict[_Key, _Tally]:
    """Add up the buckets per article and signal; one without a bucket of a signal stays out of it."""
    rows = session.execute(
        select(Article.newsletter_id, Article.published_at, SignalBucket)
        .join(Article, Article.id == SignalBucket.article_id)
        .where(Article.published_at >= now - WINDOW, SignalBucket.hour >= now - WINDOW)
        .order_by(SignalBucket.article_id, SignalBucket.signal, SignalBucket.slot, SignalBucket.hour)
    )
    tallies: dict[_Key, _Tally] = {}
    for newsletter_id, published_at, bucket in rows:
        key = _Key(bucket.article_id, newsletter_id, bucket.signal)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = _Tally(exposure=_exposure_of_age(bucket.signal, now - published_at))
        tally.add(bucket.observed, _exposure_of_mails(bucket, now - bucket.hour))
    return tallies


def _exposure_of_mails(bucket: SignalBucket, age: timedelta) -> float:
    if bucket.signal is not Signal.DIGEST_CLICK or not bucket.shown:
        return 0.0
    return ranking.click_exposure([(bucket.slot, age / _HOUR, bucket.shown)])


def _exposure_of_age(signal: Signal, age: timedelta) -> float:
    """Signals without places compare articles of one age: every article is shown on the site."""
    return 0.0 if signal is Signal.DIGEST_CLICK else ranking.arrived(signal, age / _HOUR)


def _rates(tallies: Mapping[_Key, _Tally]) -> dict[tuple[int, Signal], float]:
    """Estimate what one unit of exposure gets, per newsletter and signal."""
    pools: dict[tuple[int, Signal], _Tally] = defaultdict(_Tally)
    overall: dict[Signal, _Tally] = defaultdict(_Tally)
    for key, tally in tallies.items():
        pools[key.newsletter_id, key.signal].add(tally.observed, tally.exposure)
        overall[key.signal].add(tally.observed, tally.exposure)
    return {
        (newsletter_id, signal): ranking.base_rate(
            pool.observed,
            pool.exposure,
            overall=overall[signal].observed / (overall[signal].exposure or math.inf),
        )
        for (newsletter_id, signal), pool in pools.items()
    }


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
