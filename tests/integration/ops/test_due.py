"""What the tick wakes: exactly what has work, at a price that does not grow with what waits elsewhere."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text, update
from sqlalchemy.orm import Session

from service.delivery import claims, mailings
from service.delivery.models import Message, MessageState, Stream
from service.dispatch import TaskName
from service.newsletters.models import Newsletter
from service.ops.due import due_tasks
from service.subscribers.models import SubscriptionState
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.ops.scenes import make_draft, make_mailing

PLANNED = {(MessageState.PLANNED, ""): 1}


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session)


def test_an_idle_installation_wakes_nobody(session: Session, newsletter: Newsletter, now: datetime) -> None:
    make_subscription(session, newsletter, next_due_at=now + timedelta(seconds=1))
    make_source(session, newsletter, next_poll_at=now + timedelta(seconds=1))
    make_source(session, newsletter, next_poll_at=now, lease_until=now + timedelta(seconds=1))
    make_source(session, newsletter, next_poll_at=now, enabled=False)
    make_draft(session, readers=1, now=now)
    make_mailing(session, {(MessageState.SENT, ""): 2, (MessageState.UNKNOWN, "no_reply"): 1}, now=now)
    assert due_tasks(session, now=now) == []


@pytest.mark.parametrize(
    ("stream", "task"),
    [
        (Stream.TRANSACTIONAL, TaskName.DELIVER_TRANSACTIONAL),
        (Stream.DIGEST, TaskName.DELIVER_BULK),
        (Stream.BLAST, TaskName.DELIVER_BULK),
    ],
)
def test_mail_wakes_its_own_delivery_and_held_mail_none(
    session: Session, now: datetime, stream: Stream, task: TaskName
) -> None:
    mailing = make_mailing(session, PLANNED, now=now, stream=stream)
    assert due_tasks(session, now=now) == [task]
    mailings.pause(session, mailing.id, now=now)
    assert due_tasks(session, now=now) == []
    mailings.resume(session, mailing.id, now=now)
    session.execute(update(Message).values(state=MessageState.DEFERRED, due_at=now + timedelta(minutes=1)))
    assert due_tasks(session, now=now) == []
    assert due_tasks(session, now=now + timedelta(minutes=1)) == [task]


def test_readers_wake_the_planner_while_their_newsletter_is_open(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    make_subscription(session, newsletter, next_due_at=now)
    make_subscription(session, make_newsletter(session, closed_at=now), next_due_at=now)
    left = SubscriptionState.UNSUBSCRIBED
    make_subscription(session, make_newsletter(session), state=left, next_due_at=now)
    assert due_tasks(session, now=now) == [TaskName.PLAN_DIGESTS]
    newsletter.closed_at = now
    session.flush()
    assert due_tasks(session, now=now) == []


def test_new_readers_feeds_pictures_and_resting_articles_wake_those_who_see_to_them(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    make_subscription(session, newsletter, first_digest_pending=True)
    source = make_source(session, newsletter, next_poll_at=now)
    make_article(session, source, newsletter.topics[0], picture_due_at=now)
    assert due_tasks(session, now=now) == [
        TaskName.PLAN_FIRST_DIGESTS,
        TaskName.POLL_SOURCES,
        TaskName.LOOK_AT_PICTURES,
        TaskName.SETTLE,
    ]


class Reads:
    """How many rows of a table the statements on a connection look at, by the database's own account."""

    def __init__(self, connection: Connection, table: str) -> None:
        self._connection, self._table, self.rows = connection, table, 0

    def look(self, _: Any, cursor: Any, statement: str, values: Any, *__: Any) -> None:
        if self._table in statement and not statement.startswith("EXPLAIN"):
            raw = self._connection.connection.cursor()
            # Undone, so that the statement itself finds what it would have found.
            raw.execute("SAVEPOINT look")
            (plan,) = raw.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).fetchone()
            raw.execute("ROLLBACK TO SAVEPOINT look")
            self.rows += sum(self._of(node) for node in _nodes(plan[0]["Plan"]))

    def _of(self, node: dict[str, Any]) -> int:
        if not str(node.get("Relation Name", "")).startswith(self._table):
            return 0
        seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        return int(seen * node["Actual Loops"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def test_what_waits_in_a_paused_mailing_costs_nothing(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    paused = make_mailing(session, {}, now=now, stream=Stream.BLAST, newsletter=newsletter)
    mailings.pause(session, paused.id, now=now)
    open_one = make_mailing(
        session,
        {(MessageState.PLANNED, ""): 3},
        now=now,
        stream=Stream.BLAST,
        cause="b",
        newsletter=newsletter,
    )
    session.execute(
        text(
            "INSERT INTO messages (mailing_id, dedupe_key, stream, kind, variant, details, "
            "return_path_token, message_id, state, reason, due_at, attempts, created_at, state_at) "
            "SELECT :id, n, 'blast', 'blast', 0, '{}', '', '', 'planned', '', :at, 0, :at, :at "
            "FROM generate_series(1, 5000) AS n"
        ),
        {"id": paused.id, "at": now - timedelta(days=1)},
    )
    session.execute(text("ANALYZE messages"))
    reads = Reads(session.connection(), "messages")
    event.listen(session.connection(), "before_cursor_execute", reads.look)
    assert due_tasks(session, now=now) == [TaskName.DELIVER_BULK]
    claimed = claims.pick(session, Stream.BLAST, limit=3, now=now, after={})
    event.remove(session.connection(), "before_cursor_execute", reads.look)
    assert {message.mailing_id for message in claimed} == {open_one.id}
    assert 0 < reads.rows < 50
