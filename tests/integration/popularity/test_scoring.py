"""Scores of articles, from hourly counts."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.newsletters.models import Newsletter
from service.popularity import buckets, queries, scoring
from service.popularity.models import ArticleScore, Signal, SignalBucket
from tests.factories import make_article, make_newsletter, make_source


def make_world(session: Session, now: datetime, *, count: int = 4) -> tuple[Newsletter, list[Article]]:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    topic = newsletter.topics[0]
    day = now - timedelta(days=4)
    return newsletter, [make_article(session, source, topic, published_at=day) for _ in range(count)]


def seen(
    session: Session, article: Article, *, at: datetime, slot: int, mails: int, clicked: int = 0
) -> None:
    buckets.add_shown(session, {article.id: {slot: mails}}, hour=at)
    key = (article.id, Signal.DIGEST_CLICK, slot, buckets.hour_of(at))
    bucket = session.get(SignalBucket, key, populate_existing=True)
    if bucket is None:
        bucket = SignalBucket(article_id=key[0], signal=key[1], slot=slot, hour=key[3], observed=0, shown=0)
        session.add(bucket)
    bucket.observed += clicked
    session.flush()


def scored(session: Session, articles: list[Article]) -> list[ArticleScore]:
    found = queries.scores(session, [article.id for article in articles])
    return [found[article.id] for article in articles]


def test_an_article_is_measured_against_its_places(session: Session, now: datetime) -> None:
    _, (first, fifth, ignored, average) = make_world(session, now)
    sent = now - timedelta(days=3)
    seen(session, first, at=sent, slot=1, mails=1000, clicked=60)
    seen(session, fifth, at=sent, slot=5, mails=1000, clicked=50)
    seen(session, ignored, at=sent, slot=2, mails=1000)
    seen(session, average, at=sent, slot=3, mails=1000, clicked=23)
    assert scoring.rescore(session, now=now) == 4
    one, five, nobody, middle = scored(session, [first, fifth, ignored, average])
    assert five.score > one.score > middle.score > nobody.score
    assert five.score > 0 > nobody.score
    assert (five.observed, five.computed_at) == (50, now)
    assert five.explanation == "1.8 times the clicks expected in its places (50 of 27.3)."


def test_scoring_twice_gives_the_same_and_later_clicks_move_it(session: Session, now: datetime) -> None:
    _, articles = make_world(session, now)
    sent = now - timedelta(days=3)
    for article in articles:
        seen(session, article, at=sent, slot=1, mails=100, clicked=5)
    scoring.rescore(session, now=now)
    before = [row.score for row in scored(session, articles)]
    scoring.rescore(session, now=now)
    session.expire_all()
    assert [row.score for row in scored(session, articles)] == before
    assert before == pytest.approx([0, 0, 0, 0], abs=0.01)
    seen(session, articles[2], at=now - timedelta(hours=1), slot=1, mails=0, clicked=20)
    scoring.rescore(session, now=now)
    session.expire_all()
    after = [row.score for row in scored(session, articles)]
    assert max(after) == after[2] > before[2]


def test_a_mail_of_this_hour_does_not_count_against_its_articles(session: Session, now: datetime) -> None:
    _, (old, new, *_) = make_world(session, now)
    seen(session, old, at=now - timedelta(days=3), slot=1, mails=1000, clicked=50)
    seen(session, new, at=now, slot=1, mails=1000, clicked=0)
    scoring.rescore(session, now=now)
    (_, fresh) = scored(session, [old, new])
    assert fresh.score == pytest.approx(0, abs=0.01)
    assert fresh.explanation.startswith("Too few clicks are to be expected yet")


def test_newsletters_are_not_compared_with_each_other(session: Session, now: datetime) -> None:
    """A crowd that clicks a lot must not make another newsletter's articles look bad."""
    _, busy = make_world(session, now)
    _, quiet = make_world(session, now)
    sent = now - timedelta(days=3)
    for article in busy:
        seen(session, article, at=sent, slot=1, mails=20_000, clicked=4000)
    for article in quiet:
        seen(session, article, at=sent, slot=1, mails=20_000, clicked=400)
    scoring.rescore(session, now=now)
    assert max(abs(row.score) for row in scored(session, busy + quiet)) < 0.15


def test_old_articles_are_left_and_other_signals_are_taken(session: Session, now: datetime) -> None:
    _, (read, unread, *_) = make_world(session, now)
    old = make_article(session, read.source, published_at=now - timedelta(days=36))
    seen(session, old, at=now - timedelta(days=3), slot=1, mails=100, clicked=50)
    for article, views in ((read, 900), (unread, 100)):
        session.add(
            SignalBucket(
                article_id=article.id,
                signal=Signal.PAGE_VIEW,
                slot=0,
                hour=now - timedelta(days=2),
                observed=views,
                shown=0,
            )
        )
    session.flush()
    assert scoring.rescore(session, now=now) == 2
    assert queries.scores(session, [old.id]) == {}
    found = queries.scores(session, [read.id, unread.id])
    assert found[read.id].score > 0 > found[unread.id].score
    assert found[read.id].explanation == "1.8 times the views expected at its age (900 of 500.0)."


def test_without_any_signal_nothing_is_scored(session: Session, now: datetime) -> None:
    make_world(session, now)
    assert scoring.rescore(session, now=now) == 0
