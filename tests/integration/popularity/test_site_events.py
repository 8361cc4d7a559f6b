"""Page views and shares of the publisher's site: judged, held, capped, counted, and judged again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.popularity import clicks, counting, imported, site_counts, site_events
from service.popularity.models import Signal, SignalBucket, SiteEvent, Verdict
from tests.factories import make_article, make_newsletter, make_source

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LATER = timedelta(minutes=30)


@pytest.fixture
def article(session: Session) -> Article:
    source = make_source(session, make_newsletter(session))
    return make_article(session, source, canonical_url="https://courier.example/harbour")


def view(
    session: Session,
    now: datetime,
    *,
    ip: str = "198.51.100.1",
    url: str = "https://courier.example/harbour?utm_source=x",
    agent: str = FIREFOX,
    signal: Signal = Signal.PAGE_VIEW,
) -> Verdict | None:
    network = ip.rpartition(".")[0]
    return site_events.record(
        session, url=url, signal=signal, ip=ip, network=network, user_agent=agent, now=now
    )


def counted(session: Session, now: datetime, signal: Signal = Signal.PAGE_VIEW) -> int:
    counting.count(session, now=now)
    session.expire_all()
    return sum(session.scalars(select(SignalBucket.observed).where(SignalBucket.signal == signal)))


def test_a_view_counts_once_per_visitor_and_half_hour_after_it_was_held(
    session: Session, now: datetime, article: Article
) -> None:
    assert view(session, now) is Verdict.HUMAN
    assert view(session, now + timedelta(minutes=2)) is Verdict.REPEAT
    assert view(session, now + timedelta(minutes=2), signal=Signal.SHARE) is Verdict.HUMAN
    assert counted(session, now + timedelta(minutes=9)) == 0
    assert counted(session, now + timedelta(minutes=11)) == 1
    assert counted(session, now + timedelta(minutes=12)) == 1
    assert view(session, now + timedelta(minutes=33)) is Verdict.HUMAN
    assert counted(session, now + timedelta(minutes=50)) == 2
    assert counted(session, now + timedelta(minutes=50), Signal.SHARE) == 1


@pytest.mark.parametrize("agent", ["", "curl/8.5.0", "Mozilla/5.0 (compatible; Googlebot/2.1)"])
def test_machines_are_kept_and_not_counted(
    session: Session, now: datetime, article: Article, agent: str
) -> None:
    assert view(session, now, agent=agent) is Verdict.SCANNER
    assert counted(session, now + LATER) == 0
    assert session.scalars(select(SiteEvent.verdict)).all() == [Verdict.SCANNER]


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "javascript:alert(1)", "", "\x00", "x" * 3000])
def test_what_is_no_article_of_ours_leaves_no_trace(
    session: Session, now: datetime, article: Article, url: str
) -> None:
    assert view(session, now, url=url) is None
    assert session.scalars(select(SiteEvent)).all() == []


def test_a_storm_from_one_network_cannot_carry_an_article(
    session: Session, now: datetime, article: Article
) -> None:
    for n in range(200):
        view(session, now, ip=f"203.0.113.{n}", agent=f"{FIREFOX} {n}")
    assert counted(session, now + LATER) == site_counts.NETWORK_LEAST
    for n in range(100):
        view(session, now, ip=f"198.51.{n}.7")
    assert counted(session, now + LATER) == 100 + 10


def test_more_than_a_person_reads_in_an_hour_is_no_person(session: Session, now: datetime) -> None:
    source = make_source(session, make_newsletter(session))
    for n in range(30):
        make_article(session, source, canonical_url=f"https://courier.example/{n}")
    verdicts = [view(session, now, url=f"https://courier.example/{n}") for n in range(30)]
    assert verdicts.count(Verdict.HUMAN) == site_events.MOST_PER_HOUR


def test_a_script_that_reports_for_ever_fills_no_table(
    session: Session, now: datetime, article: Article
) -> None:
    verdicts = [view(session, now, agent="curl/8.5.0") for _ in range(site_events.MOST_KEPT + 30)]
    assert set(verdicts) == {Verdict.SCANNER}
    assert len(session.scalars(select(SiteEvent.id)).all()) == site_events.MOST_KEPT
    assert view(session, now + timedelta(minutes=61)) is Verdict.HUMAN


def test_a_better_filter_is_run_again_over_what_is_kept(
    session: Session, now: datetime, article: Article
) -> None:
    for n in range(3):
        view(session, now, ip=f"198.51.{n}.7")
    assert counted(session, now + LATER) == 3
    # What the filter knows now and did not know then.
    first = session.scalars(select(SiteEvent.id)).first()
    session.execute(update(SiteEvent).where(SiteEvent.id == first).values(user_agent="NewBot/1.0 crawler"))
    assert counting.rejudge(session, now=now + timedelta(days=2)) == 1
    assert counting.rejudge(session, now=now + timedelta(days=2)) == 0
    assert counted(session, now + timedelta(days=2)) == 2
    session.execute(update(SiteEvent).values(user_agent="curl/8"))
    assert counting.rejudge(session, now=now + timedelta(days=2)) == 2
    assert counted(session, now + timedelta(days=2)) == 0


def test_events_are_forgotten_after_thirty_days_and_the_counts_stay(
    session: Session, now: datetime, article: Article
) -> None:
    view(session, now)
    assert counted(session, now + LATER) == 1
    assert site_events.forget(session, now=now + timedelta(days=31)) == 1
    assert counted(session, now + timedelta(days=31)) == 1


def test_imported_counts_replace_and_may_come_twice(
    session: Session, now: datetime, article: Article
) -> None:
    rows = [
        imported.read(url=f"https://courier.example/{name}", signal="page_view", hour=now, count=count)
        for name, count in (("harbour?utm_medium=x", "312"), ("unknown", "9"))
    ]
    assert imported.put(session, rows) == imported.put(session, rows) == 1
    assert session.scalars(select(SignalBucket.observed)).all() == [312]


def test_an_imported_count_stands_whatever_is_counted_or_judged_here(
    session: Session, now: datetime, article: Article
) -> None:
    view(session, now)
    assert counted(session, now + LATER) == 1
    row = imported.read(url="https://courier.example/harbour", signal="page_view", hour=now, count="312")
    imported.put(session, [row])
    view(session, now + LATER, ip="198.51.77.1")
    assert counted(session, now + 2 * LATER) == 312
    session.execute(update(SiteEvent).values(user_agent="curl/8"))
    assert counting.rejudge(session, now=now + timedelta(days=1)) == 2
    assert counted(session, now + timedelta(days=1)) == 312


def test_a_view_that_a_link_of_ours_led_to_is_counted_as_a_click_only(
    session: Session, now: datetime, article: Article
) -> None:
    common: dict[str, Any] = {
        "article_id": article.id,
        "ip": "198.51.100.1",
        "network": "198.51.100",
        "user_agent": FIREFOX,
    }
    clicks.record(session, mailing_id=7, slot=1, variant=0, method="GET", now=now, **common)
    assert view(session, now + timedelta(seconds=3)) is Verdict.REPEAT
    assert view(session, now + timedelta(minutes=5)) is Verdict.HUMAN, "who comes back comes by himself"
    site_events.record_of(session, signal=Signal.WIDGET_CLICK, slot=2, now=now + timedelta(hours=1), **common)
    assert view(session, now + timedelta(hours=1, seconds=3)) is Verdict.REPEAT


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "nonsense"}, "no web address"),
        ({"signal": "digest_click"}, "page_view or share"),
        ({"count": "-1"}, "no count"),
        ({"hour": datetime(2026, 11, 24, 9)}, "needs a zone"),  # noqa: DTZ001  (that is the point)
    ],
)
def test_a_wrong_line_says_what_is_wrong(now: datetime, values: dict[str, object], words: str) -> None:
    line = {"url": "https://courier.example/", "signal": "share", "hour": now, "count": "1", **values}
    with pytest.raises(ValueError, match=words):
        imported.read(**line)  # type: ignore[arg-type]  # wrong on purpose
