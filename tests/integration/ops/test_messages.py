"""Lists hold what their numbers count, page by page, and never a whole address."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.delivery.models import Attempt, MessageState, Stream
from service.ops import messages, tried
from service.ops.messages import Filter, Key, Row
from tests.integration.ops.scenes import EVERYTHING, State, make_mailing, messages_of

SENT = frozenset({State.SENT})


def everything(session: Session, wanted: Filter, *, limit: int) -> list[Row]:
    """Follow the pages to the end."""
    rows: list[Row] = []
    before: Key | None = None
    while True:
        page = messages.list_page(session, wanted, before=before, limit=limit)
        rows += page.rows
        if page.next is None:
            return rows
        before = page.next


def test_pages_hold_every_message_exactly_once(session: Session, now: datetime) -> None:
    first = make_mailing(session, {(State.SENT, ""): 5}, now=now)
    second = make_mailing(session, {(State.SENT, ""): 4, (State.PLANNED, ""): 2}, now=now, cause="edition 2")
    rows = everything(session, Filter(SENT), limit=2)
    keys = [(row.mailing_id, row.message_id) for row in rows]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) == 9
    assert {row.mailing_id for row in rows} == {first.id, second.id}
    assert len(everything(session, Filter(SENT, mailing_id=second.id), limit=3)) == 4


def test_the_few_sent_of_a_mailing_that_has_begun_are_found_by_their_tries(
    session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = make_mailing(session, {(State.SENT, ""): 5, (State.PLANNED, ""): 60}, now=now)
    sent = messages_of(session, mailing, State.SENT)
    for each in sent:
        for number in (1, 2):
            session.add(
                Attempt(
                    mailing_id=mailing.id,
                    message_id=each.id,
                    number=number,
                    at=now,
                    relay="relay",
                    phase="dot",
                    outcome=State.SENT if number == 2 else State.DEFERRED,
                )
            )
    session.flush()
    monkeypatch.setattr(tried, "_PORTION", 2)

    rows = everything(session, Filter(SENT, mailing_id=mailing.id), limit=2)

    assert [row.message_id for row in rows] == sorted((each.id for each in sent), reverse=True)
    assert {row.state for row in rows} == {State.SENT}


def test_a_list_narrows_by_reason_and_period(session: Session, now: datetime) -> None:
    make_mailing(session, EVERYTHING, now=now)
    make_mailing(session, EVERYTHING, now=now - timedelta(days=2), cause="edition 2")
    failed = frozenset({State.FAILED, State.EXPIRED})
    assert len(everything(session, Filter(failed), limit=50)) == 6
    assert len(everything(session, Filter(failed, reason="too_late"), limit=50)) == 2
    assert len(everything(session, Filter(failed, since=now - timedelta(days=1)), limit=50)) == 3
    unknown = frozenset({State.UNKNOWN})
    assert len(everything(session, Filter(unknown, undecided=True), limit=50)) == 6


def test_what_no_index_knows_is_found_whole_in_small_portions(
    session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in range(4):
        make_mailing(session, {(State.SENT, ""): 5}, now=now - timedelta(days=days), cause=f"edition {days}")
    monkeypatch.setattr(messages, "_PORTION", 3)
    monkeypatch.setattr(messages, "SCAN", 6)
    recent = Filter(SENT, since=now - timedelta(days=2, hours=1))
    keys = [(row.mailing_id, row.message_id) for row in everything(session, recent, limit=4)]
    assert keys == sorted(set(keys), reverse=True)
    assert len(keys) == 15
    assert len(everything(session, Filter(SENT, domain="example.org"), limit=4)) == 20
    assert everything(session, Filter(SENT, domain="elsewhere.example"), limit=4) == []


def test_a_stream_is_that_of_the_mailings(session: Session, now: datetime) -> None:
    make_mailing(session, {(State.SENT, ""): 2}, now=now)
    blast = make_mailing(session, {(State.SENT, ""): 3}, now=now, stream=Stream.BLAST, cause="blast 1")
    assert len(everything(session, Filter(SENT, stream=Stream.BLAST), limit=9)) == 3
    assert len(everything(session, Filter(SENT, stream=Stream.BLAST, mailing_id=blast.id), limit=9)) == 3
    assert everything(session, Filter(SENT, stream=Stream.DIGEST, mailing_id=blast.id), limit=9) == []


def test_addresses_are_masked_and_the_erased_have_none(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.SENT, ""): 2}, now=now)
    gone, _ = messages_of(session, mailing)
    gone.subscriber_id = 999_999
    session.flush()
    rows = {row.message_id: row for row in everything(session, Filter(SENT), limit=10)}
    assert rows.pop(gone.id).recipient == ""
    (row,) = rows.values()
    assert row.recipient.startswith("r…")
    assert row.recipient.endswith("@example.org")


def test_a_story_has_every_try_in_order(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.FAILED, "no_such_mailbox"): 1}, now=now)
    (message,) = messages_of(session, mailing)
    for number, outcome in ((2, MessageState.FAILED), (1, MessageState.DEFERRED)):
        session.add(
            Attempt(
                mailing_id=mailing.id,
                message_id=message.id,
                number=number,
                at=now + timedelta(minutes=number),
                relay="relay:25",
                phase="rcpt",
                outcome=outcome,
                code=550,
                reply="No such user",
            )
        )
    session.flush()
    story = messages.get(session, mailing.id, message.id)
    assert [attempt.number for attempt in story.attempts] == [1, 2]
    assert story.row.reason == "no_such_mailbox"
