"""Polling: each source by itself, leased once, with its health on record."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import func, select

from service.articles import polling, queries, sources
from service.articles.fetching import Fetcher
from service.articles.models import Article, CategoryMapping, Source
from service.articles.queries import Health
from service.db import Sessions, transaction
from service.errors import InvalidInput, NotFound
from service.newsletters.models import Newsletter
from tests.factories import make_newsletter, make_source
from tests.feed_server import FeedServer, page, status


def rss(*names: str) -> bytes:
    items = "".join(
        f"<item><title>{name}</title><link>https://courier.example/{name}</link><guid>{name}</guid>"
        "<category>Energy</category></item>"
        for name in names
    )
    return f"<rss><channel><title>Courier</title>{items}</channel></rss>".encode()


@pytest.fixture
def fetcher(server: FeedServer) -> Fetcher:
    return Fetcher({server.host}, deadline=2)


def add(
    sessions: Sessions, server: FeedServer, *paths: str, newsletter: Newsletter | None = None
) -> list[int]:
    with transaction(sessions) as session:
        newsletter = newsletter or make_newsletter(session)
        return [make_source(session, newsletter, url=server.url(path)).id for path in paths]


def source(sessions: Sessions, source_id: int) -> Source:
    with transaction(sessions) as session:
        return sources.get(session, source_id)


def test_a_due_source_is_read_and_not_again_until_its_time(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/feed"] = page(rss("ferry", "tram"), ETag='"1"')
    (one,) = add(sessions, server, "/feed")
    assert polling.poll_due(sessions, fetcher, now=now) == polling.Polled(sources=1, new=2)
    assert polling.poll_due(sessions, fetcher, now=now + timedelta(minutes=14)).sources == 0
    server.answers["/feed"] = status(304)
    later = now + timedelta(minutes=15)
    assert polling.poll_due(sessions, fetcher, now=later) == polling.Polled(sources=1)
    assert server.asked[-1][1]["if-none-match"] == '"1"'
    row = source(sessions, one)
    assert (row.last_success_at, row.last_error, row.lease_until, row.etag) == (later, None, None, '"1"')
    with transaction(sessions) as session:
        (health,) = queries.list_sources(session, row.newsletter_id, now=later)
    assert (health.articles, health.health) == (2, Health.HEALTHY)
    assert [(look.at, look.new, look.error) for look in health.looks] == [(later, 0, None), (now, 2, None)]


def test_a_broken_source_is_shown_with_its_reason_and_the_others_are_read(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    def stall(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(2.5)

    server.answers |= {
        "/html": page(b"<html><head></head></html>"),
        "/empty": page(b""),
        "/entities": page(b'<!DOCTYPE r [<!ENTITY a "b">]><rss/>'),
        "/slow": stall,
        "/huge": page(b"", Content_Length=str(50 << 20)),
        "/good": page(rss("ferry")),
    }
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        private = make_source(session, newsletter, url="http://10.0.0.1/feed").id
    paths = ("/html", "/empty", "/entities", "/slow", "/huge", "/missing", "/good")
    ids = add(sessions, server, *paths, newsletter=newsletter)
    polled = polling.poll_due(sessions, fetcher, now=now)
    assert (polled.sources, polled.failed, polled.new) == (8, 7, 1)
    said = [source(sessions, one).last_error or "" for one in [*ids, private]]
    expected = (
        "web page",
        "empty answer",
        "entities",
        "within 2 seconds",
        "5 MB",
        "404",
        "",
        "private network",
    )
    for sentence, words in zip(said, expected, strict=True):
        assert words in sentence
        assert bool(words) == bool(sentence)


def test_failures_stretch_the_interval_and_a_success_heals(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    (one,) = add(sessions, server, "/feed")
    waits = []
    for _ in range(9):
        polling.poll_due(sessions, fetcher, now=now)
        row = source(sessions, one)
        waits.append((row.next_poll_at - now) / timedelta(minutes=1))
        now = row.next_poll_at
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    server.answers["/feed"] = page(rss("ferry"))
    polling.poll_due(sessions, fetcher, now=now)
    row = source(sessions, one)
    assert (row.failures, row.last_error, row.next_poll_at) == (0, None, now + timedelta(minutes=15))


def test_a_server_that_asks_for_patience_gets_it(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/feed"] = status(429, Retry_After="7200")
    (one,) = add(sessions, server, "/feed")
    polling.poll_due(sessions, fetcher, now=now)
    assert source(sessions, one).next_poll_at == now + timedelta(hours=2)


def test_a_feed_that_is_gone_for_good_is_asked_no_more(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/feed"] = status(410)
    (one,) = add(sessions, server, "/feed")
    polling.poll_due(sessions, fetcher, now=now)
    row = source(sessions, one)
    assert row.enabled is False
    assert "gone for good" in (row.last_error or "")
    assert polling.poll_due(sessions, fetcher, now=now + timedelta(days=9)).sources == 0
    with transaction(sessions) as session:
        sources.poll_now(session, one, now=now)
    assert polling.poll_due(sessions, fetcher, now=now).sources == 1


def test_two_pollers_share_the_sources_and_a_story_is_stored_once(
    committing: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    paths = [f"/{n}" for n in range(12)]
    # Every feed has stories of its own and some that all of them carry.
    server.answers |= {path: page(rss(f"own{path[1:]}", "shared-a", "shared-b")) for path in paths}
    add(committing, server, *paths)
    start = threading.Barrier(3)

    def poll() -> polling.Polled:
        start.wait()
        return polling.poll_due(committing, fetcher, now=now)

    with ThreadPoolExecutor(3) as pool:
        done = [future.result() for future in [pool.submit(poll) for _ in range(3)]]
    assert sum(polled.sources for polled in done) == 12
    assert sum(polled.failed for polled in done) == 0
    assert sum(polled.new for polled in done) == 14
    assert sorted(path for path, _ in server.asked) == sorted(paths)
    with transaction(committing) as session:
        assert session.scalar(select(func.count(Article.id))) == 14
        assert session.scalar(select(func.count(CategoryMapping.id))) == 1


def test_a_killed_workers_lease_runs_out(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/feed"] = page(rss("ferry"))
    (one,) = add(sessions, server, "/feed")
    with transaction(sessions) as session:
        sources.get(session, one).lease_until = now + polling.LEASE
    assert polling.poll_due(sessions, fetcher, now=now).sources == 0
    assert polling.poll_due(sessions, fetcher, now=now + polling.LEASE).new == 1


def test_an_answer_that_comes_after_the_lease_was_lost_is_dropped(
    sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    (one,) = add(sessions, server, "/feed")
    feed = page(rss("ferry"))

    class Slow(Fetcher):
        def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> object:  # type: ignore[override]  # passes on what it gets
            with transaction(sessions) as session:
                sources.get(session, one).url = server.url("/other")
            return super().fetch(url)

    server.answers["/feed"] = feed
    assert polling.poll_due(sessions, Slow({server.host}), now=now).new == 0
    assert source(sessions, one).last_success_at is None


def test_no_transaction_is_open_while_a_server_talks(
    committing: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    open_transactions = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with transaction(committing) as session:
            busy = "SELECT count(*) FROM pg_stat_activity WHERE state ~ '^idle in transaction'"
            open_transactions.append(session.connection().exec_driver_sql(busy).scalar())
        page(rss("ferry"))(handler)

    server.answers["/feed"] = answer
    add(committing, server, "/feed")
    assert polling.poll_due(committing, fetcher, now=now).new == 1
    assert open_transactions == [0]


def test_sources_are_added_and_changed_with_checks(sessions: Sessions, now: datetime) -> None:
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        other = make_newsletter(session)
        one = sources.add(
            session, newsletter, url=" https://Courier.example/feed ", name="  The\nfeed ", now=now
        )
        assert (one.url, one.name, one.next_poll_at) == ("https://courier.example/feed", "The feed", now)
        for url, words in [
            ("https://courier.example/feed", "already"),
            ("courier.example", "not complete"),
            ("ftp://courier.example/", "ftp"),
            ("https://a:b@courier.example/", "password"),
            ("https://courier.example/\x00", "cannot be"),
        ]:
            with pytest.raises(InvalidInput, match=words) as refused:
                sources.add(session, newsletter, url=url, name="", now=now)
            assert refused.value.field == "url"
        with pytest.raises(InvalidInput, match="topic of this newsletter"):
            sources.add(
                session,
                newsletter,
                url="https://b.example/",
                name="",
                now=now,
                default_topic_id=other.topics[0].id,
            )
        one.etag, one.failures, one.last_error = "x", 4, "No."
        changed = sources.edit(
            session,
            one.id,
            url="https://courier.example/rss",
            name="",
            default_topic_id=newsletter.topics[0].id,
            poll_minutes=60,
            enabled=True,
            now=now,
        )
        assert (changed.name, changed.etag, changed.failures, changed.last_error) == (
            "courier.example",
            None,
            0,
            None,
        )
        with pytest.raises(NotFound):
            sources.poll_now(session, 999_999, now=now)
