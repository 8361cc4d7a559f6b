"""No question that is asked all the time reads the ledger from one end to the other."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery import accounting, aging, claims, ledger, mailings, planning, sweeper
from service.delivery.models import Mailing, MailingState, Message, MessageState, Stream
from service.digests import restoring
from service.ops import due, flow, messages
from service.ops.messages import Filter
from service.recipes import queries as recipes

READERS = 30_000


@pytest.fixture
def mailing(session: Session, now: datetime) -> Mailing:
    """A mailing that has been sent, but for a few: enough rows that no planner would rather read them all."""
    found = mailings.open_mailing(
        session, stream=Stream.BLAST, cause="blast 1", title="A blast", list_id=1, now=now
    )
    numbers = func.generate_series(1, READERS).table_valued("n").render_derived().c.n
    planning.put_audience(
        session, found, select(numbers, numbers.label("m")), kind="blast", recipe_id=None, now=now
    )
    session.execute(text("UPDATE messages SET state = 'sent' WHERE subscriber_id > 100"))
    session.execute(text("UPDATE messages SET state = 'failed' WHERE subscriber_id < 10"))
    session.execute(text("UPDATE messages SET state = 'sending', owner = 'w' WHERE subscriber_id = 50"))
    session.execute(text("ANALYZE messages"))
    session.execute(text("ANALYZE mailings"))
    return found


Ask = Callable[[Session, Mailing, datetime], object]
QUESTIONS: dict[str, Ask] = {
    "one reader's mail": lambda session, mailing, now: session.scalars(
        select(Message).where(Message.subscriber_id == 7)
    ).all(),
    "cancelling a reader's": lambda session, mailing, now: ledger.cancel_pending(
        session, subscriber_id=7, subscription_id=7, reason="unsubscribed", now=now
    ),
    "stopping a mailing": lambda session, mailing, now: mailings.stop(session, mailing.id, now=now),
    "what was received": lambda session, mailing, now: recipes.received(session, [7, 8], since=now),
    "the tick": lambda session, mailing, now: due.due_tasks(session, now=now),
    "the front page": lambda session, mailing, now: flow.read_flow(session, now=now),
    "the list of failed": lambda session, mailing, now: messages.list_page(
        session, Filter(frozenset({MessageState.FAILED, MessageState.EXPIRED}))
    ),
    "the list of those in hand": lambda session, mailing, now: messages.list_page(
        session, Filter(messages.IN_HAND)
    ),
    "giving windows back": lambda session, mailing, now: restoring.give_back(session, now=now),
    "renewing a lease": lambda session, mailing, now: claims.renew(
        session, [(mailing.id, 1)], owner="w", seconds=30
    ),
    "settling a sender": lambda session, mailing, now: sweeper.settle(
        session, "w", None, overdue_only=True, now=now
    ),
    "settling the unknown": lambda session, mailing, now: aging.settle_unknown(session, before=now, now=now),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_is_answered_by_an_index(session: Session, mailing: Mailing, now: datetime, name: str) -> None:
    with recorded(session) as statements:
        QUESTIONS[name](session, mailing, now)
    assert statements
    assert [each for each in statements if reads_everything(session, *each)] == []


def test_the_counters_answer_without_the_messages(session: Session, mailing: Mailing, now: datetime) -> None:
    with recorded(session) as statements:
        accounting.accounts(session, [mailing.id])
        mailings.close_finished(session, now=now)
    assert statements == []


def test_a_sweep_reads_only_what_is_held_due_or_stopped(
    session: Session, sessions: Sessions, mailing: Mailing, now: datetime, tmp_path: Path
) -> None:
    mailing.state, mailing.finished_at = MailingState.STOPPED, now - timedelta(minutes=1)
    session.commit()
    with recorded(session) as statements:
        sweeper.sweep(sessions, journals=tmp_path, now=now)
    assert len(statements) >= 3
    assert [each for each in statements if reads_everything(session, *each)] == []


def test_the_check_itself_knows_a_scan_of_everything(session: Session, mailing: Mailing) -> None:
    assert reads_everything(session, "SELECT * FROM messages WHERE variant = 3", ())


@contextmanager
def recorded(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements about messages that run meanwhile."""
    found: list[tuple[str, Any]] = []

    def remember(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if "messages" in statement:
            found.append((statement, parameters))

    engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", remember)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", remember)


def reads_everything(session: Session, statement: str, parameters: Any) -> bool:
    connection: Connection = session.connection()
    rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    plan = rows if isinstance(rows, list) else json.loads(rows)
    number = session.scalar(text("SELECT tableoid::regclass::text FROM messages LIMIT 1"))
    return any(
        node.get("Relation Name") == number and node["Node Type"] in {"Seq Scan", "Parallel Seq Scan"}
        for node in nodes(plan[0]["Plan"])
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)
