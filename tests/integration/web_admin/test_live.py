"""Live pages: news arrive as events, streams hold no connection, and the thread rests when nobody looks."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from service import bootstrap
from service.app import create_app
from service.db import Sessions, transaction
from service.delivery import mailings
from service.delivery.models import Mailing
from service.operators.models import Role
from service.settings import Settings
from service.web.admin.live import event
from service.web.admin.live_board import Board, Channel
from tests.conftest import RecordingDispatcher
from tests.integration.ops.scenes import EVERYTHING, make_mailing
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def mailing(committing: Sessions) -> Mailing:
    with transaction(committing) as session:
        return make_mailing(session, EVERYTHING, now=datetime.now(UTC))


@pytest.fixture
def desk(
    settings: Settings, committing: Sessions, engine: Engine, dispatcher: RecordingDispatcher
) -> Visitor:
    """A browser at an application whose threads have real connections of their own."""
    runtime = bootstrap.build(settings)
    app = create_app(runtime.with_(engine=engine, sessions=committing, dispatcher=dispatcher))
    app.testing = True
    return Visitor(app.test_client())


def until(events: Iterator[bytes], wanted: str, *, seconds: float = 15) -> str:
    """Read events until one has these words."""
    ends = time.monotonic() + seconds
    for chunk in events:
        if wanted in chunk.decode():
            return chunk.decode()
        assert time.monotonic() < ends, f"no event had {wanted!r}"
    raise AssertionError("the stream ended")


def eventually(condition: Callable[[], bool], *, seconds: float = 5) -> bool:
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def pages_of(session: Session, now: datetime) -> list[str]:
    return list(session.scalars(select(Mailing.title)))


def test_a_change_in_the_database_reaches_an_open_page(
    committing: Sessions, desk: Visitor, mailing: Mailing, engine: Engine
) -> None:
    desk.be(committing, Role.SENDER)
    with desk.client.get(f"/console/live/mailing/{mailing.id}") as response:
        assert response.content_type.startswith("text/event-stream")
        events = iter(response.response)
        first = until(events, "event: account")
        assert "being sent" in first
        assert f"/console/queue/{mailing.id}/pause" in first
        with transaction(committing) as session:
            mailings.pause(session, mailing.id, now=datetime.now(UTC))
        news = until(events, "event: account")
        assert "paused" in news
        assert f"/console/queue/{mailing.id}/resume" in news
        # Between two readings nothing is borrowed from the pool, though the stream is open.
        assert eventually(lambda: engine.pool.checkedout() == 0, seconds=1)  # type: ignore[attr-defined]  # a QueuePool


def test_the_overview_streams_its_parts(committing: Sessions, desk: Visitor, mailing: Mailing) -> None:
    desk.be(committing, Role.VIEWER)
    with desk.client.get("/console/live/overview") as response:
        parts = until(iter(response.response), "event: pulse")
    assert "event: alarms" in parts
    assert "event: house" in parts
    assert mailing.title in parts


def test_a_viewer_gets_no_buttons_by_the_stream(
    committing: Sessions, desk: Visitor, mailing: Mailing
) -> None:
    desk.be(committing, Role.VIEWER)
    with desk.client.get("/console/live/queue") as response:
        parts = until(iter(response.response), "event: mailings")
    assert mailing.title in parts
    assert "<form" not in parts
    assert "/stop" not in parts


def test_fifty_watchers_cost_one_connection_at_most(
    committing: Sessions, engine: Engine, mailing: Mailing
) -> None:
    board = Board(committing)
    with ExitStack() as stack:
        watches = [stack.enter_context(board.watch([Channel("titles", pages_of)])) for _ in range(50)]
        for watch in watches:
            assert eventually(lambda watch=watch: watch.next(timeout=0.2) == {"titles": [mailing.title]})
        samples = []
        for _ in range(120):
            samples.append(engine.pool.checkedout())  # type: ignore[attr-defined]  # a QueuePool
            time.sleep(0.01)
    assert max(samples) <= 1
    assert samples.count(0) > len(samples) / 2


def test_watchers_wait_until_there_is_news(committing: Sessions, mailing: Mailing) -> None:
    board = Board(committing)
    with board.watch([Channel("titles", pages_of)]) as watch:
        assert eventually(lambda: "titles" in watch.next(timeout=0.2))
        seen = watch.seen
        watch.next(timeout=1.5)
        assert watch.seen == seen
        with transaction(committing) as session:
            session.execute(text("UPDATE mailings SET title = 'Renamed'"))
        started = time.monotonic()
        assert watch.next(timeout=10) == {"titles": ["Renamed"]}
        assert time.monotonic() - started < 5


def test_the_thread_ends_with_the_last_watcher_and_comes_back(committing: Sessions) -> None:
    board = Board(committing)
    for _ in range(2):
        with board.watch([Channel("titles", pages_of)]) as watch:
            assert eventually(lambda watch=watch: "titles" in watch.next(timeout=0.2))
            assert board.is_polling
        assert eventually(lambda: not board.is_polling)


def test_a_question_that_fails_does_not_end_the_thread(committing: Sessions) -> None:
    asked = []

    def flaky(session: Session, now: datetime) -> str:
        asked.append(now)
        if len(asked) == 1:
            session.execute(text("SELECT * FROM no_such_table"))
        return "well again"

    board = Board(committing)
    with board.watch([Channel("flaky", flaky)]) as watch:
        assert eventually(lambda: watch.next(timeout=0.2) == {"flaky": "well again"})


def test_an_event_may_have_many_lines() -> None:
    assert event("pulse", "<p>\none\n</p>\n") == "event: pulse\ndata: <p>\ndata: one\ndata: </p>\n\n"
