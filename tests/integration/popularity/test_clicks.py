"""Clicks become counts: once per person, after a while, never for machines, and again from the raw rows."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.db import Sessions, transaction
from service.popularity import buckets, clicks, counting, salts
from service.popularity.models import ArticleScore, Click, DailySalt, Signal, SignalBucket, Verdict
from tests.factories import make_article, make_newsletter, make_source

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def make_articles(session: Session, count: int = 3) -> list[Article]:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    return [make_article(session, source, newsletter.topics[0]) for _ in range(count)]


@pytest.fixture
def articles(session: Session) -> list[Article]:
    return make_articles(session)


def click(session: Session, article: Article, now: datetime, **values: object) -> Verdict:
    asked: dict[str, object] = {
        "article_id": article.id,
        "mailing_id": 7,
        "slot": 2,
        "variant": 0,
        "ip": "203.0.113.9",
        "network": "203.0.113.0/24",
        "user_agent": FIREFOX,
        "method": "GET",
        **values,
    }
    return clicks.record(session, now=now, **asked)  # type: ignore[arg-type]  # values of a test


def counted(session: Session, now: datetime) -> dict[tuple[int, int, int], int]:
    """Count, and return what counts, as (article, slot, hour of the day) -> clicks."""
    counting.count(session, now=now)
    session.expire_all()
    rows = session.scalars(select(SignalBucket).where(SignalBucket.observed > 0))
    return {(row.article_id, row.slot, row.hour.hour): row.observed for row in rows}


def judged(session: Session) -> dict[Verdict, int]:
    """The clicks of mailing 7 by what they were taken for."""
    return Counter(session.scalars(select(Click.verdict).where(Click.mailing_id == 7)))


def test_a_click_counts_once_per_person_article_and_mailing(
    session: Session, articles: list[Article], now: datetime
) -> None:
    one, two, _ = articles
    later = now + timedelta(minutes=5)
    assert click(session, one, now) is Verdict.HUMAN
    assert click(session, one, later) is Verdict.REPEAT
    assert click(session, two, later) is Verdict.HUMAN
    assert click(session, one, later, ip="203.0.113.10") is Verdict.HUMAN
    assert click(session, one, later, mailing_id=8) is Verdict.HUMAN
    assert counted(session, later) == {}, "what came lately is held"
    assert counted(session, later + counting.HELD) == {(one.id, 2, 9): 3, (two.id, 2, 9): 1}
    assert judged(session) == {Verdict.HUMAN: 3, Verdict.REPEAT: 1}


def test_machines_are_recorded_and_do_not_count(
    session: Session, articles: list[Article], now: datetime
) -> None:
    one = articles[0]
    assert click(session, one, now, method="HEAD") is Verdict.SCANNER
    assert click(session, one, now, prefetch=True) is Verdict.SCANNER
    assert click(session, one, now, user_agent="curl/8") is Verdict.SCANNER
    assert click(session, one, now + timedelta(minutes=1)) is Verdict.HUMAN
    assert counted(session, now + timedelta(minutes=30)) == {(one.id, 2, 9): 1}
    assert judged(session) == {Verdict.SCANNER: 3, Verdict.HUMAN: 1}


def test_a_burst_is_voided_as_a_whole(session: Session, articles: list[Article], now: datetime) -> None:
    before = now - timedelta(minutes=9)
    assert click(session, articles[0], before, mailing_id=8) is Verdict.HUMAN
    for n, article in enumerate(articles):
        click(session, article, now + timedelta(milliseconds=700 * n), slot=n + 1)
    # Somebody else, at the same time.
    click(session, articles[1], now, ip="203.0.113.44", mailing_id=8)
    assert counted(session, now + counting.HELD) == {(articles[0].id, 2, 8): 1, (articles[1].id, 2, 9): 1}
    judged = session.scalars(select(Click.verdict).where(Click.mailing_id == 7)).all()
    assert judged == [Verdict.SCANNER] * 3


def test_a_burst_that_ends_after_its_beginning_counted_is_taken_out_again(
    session: Session, articles: list[Article], now: datetime
) -> None:
    for n, article in enumerate(articles):
        click(session, article, now + timedelta(milliseconds=700 * n))
        # The worker comes by in the middle of it.
        counted(session, now + counting.HELD)
    assert counted(session, now + counting.HELD + timedelta(minutes=1)) == {}


def test_after_an_outage_of_the_workers_every_hour_of_it_is_counted(
    session: Session, articles: list[Article], now: datetime
) -> None:
    session.add(
        ArticleScore(
            article_id=articles[0].id, score=0.0, sd=0.7, observed=0, explanation="", computed_at=now
        )
    )
    for hours in range(9):
        click(session, articles[0], now + timedelta(hours=hours), ip=f"203.0.113.{hours}")
    assert sum(counted(session, now + timedelta(hours=10)).values()) == 9


def test_a_click_is_kept_without_the_address(
    session: Session, articles: list[Article], now: datetime
) -> None:
    click(session, articles[0], now)
    click(session, articles[0], now + timedelta(days=1))
    first, second = session.scalars(select(Click).order_by(Click.id))
    assert first.visitor != second.visitor
    assert second.verdict is Verdict.HUMAN
    assert len(first.visitor) == 32
    assert session.scalars(select(DailySalt.day).order_by(DailySalt.day)).all() == [
        now.date(),
        (now + timedelta(days=1)).date(),
    ]


def test_salts_and_raw_clicks_are_forgotten_in_time(
    session: Session, articles: list[Article], now: datetime
) -> None:
    click(session, articles[0], now)
    right = counted(session, now + timedelta(hours=1))
    assert salts.forget_salts(session, now=now + timedelta(days=1)) == 0
    assert salts.forget_salts(session, now=now + timedelta(days=2)) == 1
    assert clicks.forget_clicks(session, now=now + timedelta(days=30)) == 0
    assert clicks.forget_clicks(session, now=now + timedelta(days=30, seconds=1)) == 1
    assert counted(session, now + timedelta(days=31)) == right != {}


def test_counts_can_be_made_again_from_raw_clicks(
    session: Session, articles: list[Article], now: datetime
) -> None:
    one, two, _ = articles
    for n in range(5):
        click(session, one, now + timedelta(minutes=20 * n), ip=f"203.0.113.{n}", slot=1 + n % 2)
    click(session, two, now)
    right = counted(session, now + timedelta(hours=2))
    buckets.add_shown(session, {one.id: {1: 500, 2: 400}}, hour=now)
    old = now - timedelta(days=40)
    session.add(
        SignalBucket(article_id=two.id, signal=Signal.DIGEST_CLICK, slot=1, hour=old, observed=9, shown=0)
    )
    for row in session.scalars(select(SignalBucket).where(SignalBucket.hour > old)):
        row.observed += 17
    session.flush()
    for _ in range(2):
        assert counting.rejudge(session, now=now + timedelta(days=3)) == 0
        assert counted(session, now + timedelta(days=3)) == {**right, (two.id, 1, 9): 9}
    session.execute(update(Click).where(Click.article_id == two.id).values(user_agent="NewBot/1.0 crawler"))
    assert counting.rejudge(session, now=now + timedelta(days=3)) == 1
    right.pop((two.id, 2, 9))
    assert counted(session, now + timedelta(days=3)) == {**right, (two.id, 1, 9): 9}
    shown = session.scalars(select(SignalBucket.shown).where(SignalBucket.article_id == one.id))
    assert sorted(shown, reverse=True)[:2] == [500, 400]


def test_shown_mails_add_up_by_the_hour(session: Session, articles: list[Article], now: datetime) -> None:
    one = articles[0]
    buckets.add_shown(session, {one.id: {1: 5}}, hour=now)
    buckets.add_shown(session, {one.id: {1: 3, 2: 0}}, hour=now + timedelta(minutes=59))
    buckets.add_shown(session, {}, hour=now)
    (row,) = session.scalars(select(SignalBucket).where(SignalBucket.article_id == one.id))
    assert (row.shown, row.observed, row.hour) == (8, 0, now)


def test_a_double_click_and_a_crowd_at_once_are_counted_right(committing: Sessions, now: datetime) -> None:
    with transaction(committing) as session:
        articles = make_articles(session)
    start = threading.Barrier(6)

    def follow(visitor: int) -> list[Verdict]:
        start.wait()
        verdicts = []
        for n, article in enumerate(articles):
            with transaction(committing) as session:
                at = now + timedelta(minutes=n)
                verdicts.append(click(session, article, at, ip=f"203.0.113.{visitor}"))
        return verdicts

    with ThreadPoolExecutor(6) as pool:
        # Three people, each with two windows that do the same at the same time.
        futures = [pool.submit(follow, n // 2) for n in range(6)]
        verdicts = [verdict for future in futures for verdict in future.result()]
    assert verdicts.count(Verdict.HUMAN) == 9
    assert verdicts.count(Verdict.REPEAT) == 9
    with transaction(committing) as session:
        assert sorted(counted(session, now + timedelta(hours=1)).values()) == [3, 3, 3]
        assert len(session.scalars(select(DailySalt)).all()) == 1


def test_counting_again_and_again_loses_no_click_that_is_being_written(
    committing: Sessions, now: datetime
) -> None:
    with transaction(committing) as session:
        article = make_articles(session, 1)[0]
    stop = threading.Event()

    def recount() -> None:
        while not stop.is_set():
            with transaction(committing) as session:
                counting.rejudge(session, now=now + timedelta(hours=1))

    with ThreadPoolExecutor(4) as pool:
        recounting = [pool.submit(recount) for _ in range(2)]

        def follow(start: int) -> None:
            for n in range(start, start + 20):
                with transaction(committing) as session:
                    click(session, article, now, ip=f"203.0.113.{n}")

        for done in [pool.submit(follow, 0), pool.submit(follow, 100)]:
            done.result()
        stop.set()
        for done in recounting:
            done.result()
    with transaction(committing) as session:
        assert sum(counted(session, now + timedelta(hours=1)).values()) == 40
