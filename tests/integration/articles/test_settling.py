"""The one order that digests read: strictly growing as transactions commit, whoever races."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.articles.models import ArticleTopic
from service.articles.settling import cutoff, settle
from service.db import Sessions, transaction
from tests.factories import make_article, make_newsletter, make_source


def numbers(session: Session) -> list[tuple[int, int | None]]:
    rows = session.execute(
        select(ArticleTopic.article_id, ArticleTopic.eligible_seq).order_by(ArticleTopic.eligible_seq)
    )
    return [(row[0], row[1]) for row in rows]


def test_articles_are_numbered_in_the_order_they_were_published(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    topic = newsletter.topics[0]
    made = {
        hours: make_article(session, source, topic, published_at=now - timedelta(hours=hours)).id
        for hours in (2, 30, 1, 7)
    }
    assert settle(session, settle_minutes=0, now=now) == 4
    assert [article_id for article_id, _ in numbers(session)] == [made[30], made[7], made[2], made[1]]
    assert cutoff(session) == max(seq or 0 for _, seq in numbers(session))
    assert settle(session, settle_minutes=0, now=now) == 0


@pytest.mark.parametrize(
    ("published", "fetched", "due"),
    [
        (-10, 0, False),
        (-31, 0, True),
        (-10, -31, True),
        (10, -600, False),
        (0, -30, True),
    ],
)
def test_an_article_rests_before_it_counts_and_an_embargo_holds(
    session: Session, now: datetime, published: int, fetched: int, due: bool
) -> None:
    newsletter = make_newsletter(session)
    make_article(
        session,
        make_source(session, newsletter),
        newsletter.topics[0],
        published_at=now + timedelta(minutes=published),
        fetched_at=now + timedelta(minutes=fetched),
    )
    assert settle(session, settle_minutes=30, now=now) == int(due)


def test_before_the_first_article_the_cutoff_is_zero(session: Session) -> None:
    make_newsletter(session)
    assert cutoff(session) == 0


def test_a_second_settler_leaves_the_first_alone(committing: Sessions, now: datetime) -> None:
    _publish(committing, now)
    with committing() as first, committing() as second:
        second.execute(text("SET lock_timeout = '1s'"))
        assert settle(first, settle_minutes=0, now=now) == 1
        assert settle(second, settle_minutes=0, now=now) == 0
        second.rollback()
        assert cutoff(second) == 0
        first.commit()
        second.rollback()
        assert cutoff(second) > 0


def test_a_settler_that_commits_late_hides_nothing_under_a_cutoff(
    committing: Sessions, now: datetime
) -> None:
    _publish(committing, now)
    with committing() as slow:
        assert settle(slow, settle_minutes=0, now=now) == 1
        _publish(committing, now - timedelta(hours=3))
        with transaction(committing) as session:
            settle(session, settle_minutes=0, now=now - timedelta(hours=2))
        with transaction(committing) as session:
            cut = cutoff(session)
        slow.commit()
    with transaction(committing) as session:
        late = [seq for _, seq in numbers(session) if seq is not None and seq <= cut]
    assert late == []


def test_whoever_has_read_a_cutoff_never_finds_a_smaller_number_later(
    committing: Sessions, now: datetime
) -> None:
    """Four settlers and a publisher race; a reader checks every number that appears after each cut-off."""
    stop = threading.Event()
    _publish(committing, now)

    def publish() -> None:
        for _ in range(20):
            _publish(committing, now, count=5)

    def settle_on(behind: int) -> int:
        settled = 0
        while not stop.is_set():
            with transaction(committing) as session:
                # Clocks that differ make the settlers choose different articles, so that no row lock helps.
                settled += settle(session, settle_minutes=0, now=now - timedelta(hours=behind))
                time.sleep(0.003)
        return settled

    def read_on() -> int:
        seen: set[int] = set()
        cut = late = 0
        while not stop.is_set():
            with transaction(committing) as session:
                next_cut = cutoff(session)
                # A digest takes what it sees up to the cut-off; what comes under it afterwards is lost.
                visible = {seq for _, seq in numbers(session) if seq is not None}
                late += sum(1 for seq in visible - seen if seq <= cut)
                seen |= {seq for seq in visible if seq <= next_cut}
                cut = next_cut
        return late

    with ThreadPoolExecutor(6) as pool:
        settlers = [pool.submit(settle_on, behind) for behind in range(4)]
        reader = pool.submit(read_on)
        try:
            pool.submit(publish).result()
        finally:
            stop.set()
        settled = sum(settler.result() for settler in settlers)
        assert reader.result() == 0
    with transaction(committing) as session:
        settled += settle(session, settle_minutes=0, now=now)
        final = [seq for _, seq in numbers(session)]
    assert settled == len(final) == len(set(final)) == 101


def _publish(sessions: Sessions, now: datetime, *, count: int = 1) -> None:
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        source = make_source(session, newsletter)
        for hours in range(count):
            make_article(session, source, newsletter.topics[0], published_at=now - timedelta(hours=hours))
