"""Whoever follows the link that no person sees is a machine, and so are its other clicks."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.popularity import clicks, counting, traps
from service.popularity.models import Click, SignalBucket, Trapped, Verdict
from tests.factories import make_article, make_newsletter, make_source

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NETWORK = "203.0.113.0/24"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def article(session: Session) -> Article:
    newsletter = make_newsletter(session)
    return make_article(session, make_source(session, newsletter), newsletter.topics[0])


def click(
    session: Session,
    article: Article,
    now: datetime,
    *,
    ip: str = "203.0.113.9",
    agent: str = CHROME,
    mailing_id: int = 7,
) -> None:
    clicks.record(
        session,
        article_id=article.id,
        mailing_id=mailing_id,
        slot=1,
        variant=0,
        ip=ip,
        network=NETWORK,
        user_agent=agent,
        method="GET",
        now=now,
    )


def fall(session: Session, now: datetime, *, ip: str = "203.0.113.9", agent: str = CHROME) -> None:
    traps.spring(session, mailing_id=7, ip=ip, network=NETWORK, user_agent=agent, now=now)


def human(session: Session, now: datetime) -> int:
    """Count, and return how many clicks are people's, which the buckets must agree with."""
    counting.count(session, now=now)
    session.expire_all()
    counted = sum(session.scalars(select(SignalBucket.observed)))
    assert counted == len(session.scalars(select(Click.id).where(Click.verdict == Verdict.HUMAN)).all())
    return counted


def test_a_visitor_that_is_trapped_after_its_click_counted_is_taken_out_of_the_counts(
    session: Session, now: datetime, article: Article
) -> None:
    click(session, article, now)
    click(session, article, now, ip="203.0.113.10", agent=FIREFOX)
    click(session, article, now, mailing_id=8)
    assert human(session, now + 20 * MINUTE) == 3
    fall(session, now + 5 * 60 * MINUTE)
    assert human(session, now + 6 * 60 * MINUTE) == 2
    assert human(session, now + 7 * 60 * MINUTE) == 2


def test_a_gateway_is_known_by_its_network_and_agent_while_it_is_there(
    session: Session, now: datetime, article: Article
) -> None:
    fall(session, now)
    fall(session, now + 2 * MINUTE)
    click(session, article, now + 11 * MINUTE, ip="203.0.113.77")
    click(session, article, now + 11 * MINUTE, ip="203.0.113.78", agent=FIREFOX)
    click(session, article, now + 13 * MINUTE, ip="203.0.113.79")
    assert human(session, now + 30 * MINUTE) == 2, (
        "a person nearby with another browser, and one who came later"
    )


def test_judging_again_finds_the_same_and_the_trapped_are_forgotten_with_their_clicks(
    session: Session, now: datetime, article: Article
) -> None:
    click(session, article, now)
    fall(session, now)
    assert counting.rejudge(session, now=now + timedelta(days=1)) == 1
    assert counting.rejudge(session, now=now + timedelta(days=1)) == 0
    assert traps.forget(session, now=now + timedelta(days=30)) == 0
    assert traps.forget(session, now=now + timedelta(days=31)) == 1
    assert session.scalars(select(Trapped)).all() == []
