"""The ledger: rows once, cancelled with a reason, counted without drift."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import accounting, ledger, mailings, partitions
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, MailingState, MailingTally, Message, MessageState, Stream
from service.errors import Conflict, InvalidInput


def blast(session: Session, now: datetime, *, cause: str = "blast 1") -> Mailing:
    return mailings.open_mailing(
        session, stream=Stream.BLAST, cause=cause, title="A blast", list_id=1, now=now
    )


def rows(now: datetime, count: int, **values: object) -> list[NewMessage]:
    return [
        NewMessage(
            dedupe_key=f"subscription {n}",
            kind="blast",
            due_at=now,
            subscription_id=n,
            subscriber_id=n,
            **values,  # type: ignore[arg-type]
        )
        for n in range(count)
    ]


def state_of(session: Session, n: int) -> tuple[MessageState, str]:
    found = session.execute(select(Message.state, Message.reason).where(Message.subscription_id == n)).one()
    return found.state, found.reason


def test_a_message_is_put_once_per_mailing(session: Session, now: datetime) -> None:
    mailing = blast(session, now)
    assert ledger.put(session, mailing, rows(now, 3), now=now) == 3
    assert ledger.put(session, mailing, rows(now, 5), now=now) == 2
    other = blast(session, now, cause="blast 2")
    assert ledger.put(session, other, rows(now, 5), now=now) == 5


def test_a_row_keeps_what_it_was_given_and_gets_tokens_of_its_own(session: Session, now: datetime) -> None:
    mailing = blast(session, now)
    details = {"blast_id": 4, "note": "ä\"';"}
    row = NewMessage("k", "blast", now, recipe_id=7, variant=2, details=details, from_seq=3, to_seq=9)
    ledger.put(session, mailing, [row, *rows(now, 1)], now=now)
    first, second = session.scalars(select(Message).order_by(Message.id)).all()
    assert (first.recipe_id, first.variant, first.details, first.from_seq, first.to_seq) == (
        7,
        2,
        details,
        3,
        9,
    )
    assert first.stream is Stream.BLAST
    assert (first.created_at, first.due_at, first.attempts) == (now, now, 0)
    assert len({first.message_id, second.message_id, first.return_path_token, second.return_path_token}) == 4


def test_opening_twice_gives_the_same_mailing_and_burns_no_number(session: Session, now: datetime) -> None:
    first = mailings.transactional(session, now=now)
    again = mailings.transactional(session, now=now)
    nextone = blast(session, now)
    assert again.id == first.id
    assert nextone.id == first.id + 1


def test_two_transactions_that_open_the_same_mailing_meet_in_one_row(
    committing: Sessions, now: datetime
) -> None:
    def open_one(n: int) -> int:
        with transaction(committing) as session:
            mailing = mailings.transactional(session, now=now)
            ledger.put(session, mailing, [NewMessage(f"confirm {n}", "confirm", now)], now=now)
            return mailing.id

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(open_one, range(20)))
    assert len(ids) == 1
    with committing() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 20


def test_partitions_are_made_ahead_by_several_at_once(committing: Sessions) -> None:
    far = 256 * 4_000

    def make(_n: int) -> None:
        with transaction(committing) as session:
            partitions.ensure(session, far)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(8)))
    with committing() as session:
        for number in (4_000, 4_001):
            assert session.scalar(text("SELECT to_regclass(:n)"), {"n": f"messages_p{number}"})
    with transaction(committing) as session:
        session.execute(text("DROP TABLE messages_p4000, messages_p4001, attempts_p4000, attempts_p4001"))


def test_cancelling_a_reader_reaches_claimed_rows_and_marks_those_being_sent(
    session: Session, now: datetime
) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 4), now=now)
    for n, state in enumerate(("planned", "claimed", "sending", "sent")):
        session.execute(
            text("UPDATE messages SET state = :state WHERE subscription_id = :n"), {"state": state, "n": n}
        )
    gone = [
        ledger.cancel_pending(session, subscriber_id=n, subscription_id=n, reason="unsubscribed", now=now)
        for n in range(4)
    ]
    assert gone == [1, 1, 1, 0]
    assert state_of(session, 0) == (MessageState.CANCELLED, "unsubscribed")
    assert state_of(session, 1) == (MessageState.CANCELLED, "unsubscribed")
    assert state_of(session, 2) == (MessageState.SENDING, "unsubscribed")
    assert state_of(session, 3) == (MessageState.SENT, "")


def test_cancelling_can_be_limited_to_kinds_and_needs_somebody(session: Session, now: datetime) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 1), now=now)
    cancel = ledger.cancel_pending
    assert cancel(session, subscriber_id=0, kinds=["digest"], reason="paused", now=now) == 0
    assert cancel(session, subscriber_id=0, kinds=["digest", "blast"], reason="paused", now=now) == 1
    with pytest.raises(InvalidInput):
        cancel(session, kinds=["digest"], reason="paused", now=now)
    with pytest.raises(InvalidInput):
        cancel(session, subscription_id=0, reason="paused", now=now)


def test_cancelling_one_subscription_leaves_the_others_of_its_reader(session: Session, now: datetime) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 2), now=now)
    session.execute(text("UPDATE messages SET subscriber_id = 7"))
    gone = ledger.cancel_pending(session, subscriber_id=7, subscription_id=1, reason="paused", now=now)
    assert gone == 1
    assert state_of(session, 0) == (MessageState.PLANNED, "")
    assert state_of(session, 1) == (MessageState.CANCELLED, "paused")


def test_stopping_cancels_what_is_pending_and_a_stopped_mailing_stays_stopped(
    session: Session, now: datetime
) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 3), now=now)
    mailings.pause(session, mailing.id, now=now)
    assert mailings.stop(session, mailing.id, now=now) == 3
    assert mailing.state is MailingState.STOPPED
    with pytest.raises(Conflict):
        mailings.resume(session, mailing.id, now=now)
    account = accounting.accounts(session, [mailing.id])[mailing.id]
    assert account.skipped == {"stopped": 3}
    assert account.pending == 0


def test_a_mailing_finishes_when_it_is_planned_and_nothing_is_pending(
    session: Session, now: datetime
) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 1), now=now)
    mailings.finish_planning(session, mailing.id, now=now)
    session.refresh(mailing)
    assert mailing.state is MailingState.SENDING
    session.execute(text("UPDATE messages SET state = 'sent'"))
    assert mailings.close_finished(session, now=now) == 1
    session.refresh(mailing)
    assert (mailing.state, mailing.finished_at) == (MailingState.FINISHED, now)


def test_last_months_transactional_mailing_closes_and_this_months_stays_open(
    session: Session, now: datetime
) -> None:
    old = mailings.transactional(session, now=now.replace(month=10))
    current = mailings.transactional(session, now=now)
    assert mailings.close_finished(session, now=now) == 1
    session.refresh(old)
    session.refresh(current)
    assert (old.state, current.state) == (MailingState.FINISHED, MailingState.SENDING)


def test_an_unknown_message_is_sent_again_only_when_an_operator_says_so(
    session: Session, now: datetime
) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 2), now=now)
    session.execute(text("UPDATE messages SET state = 'unknown'"))
    mailings.finish_planning(session, mailing.id, now=now)
    first, second = session.scalars(select(Message.id).order_by(Message.id)).all()
    assert ledger.send_again(session, mailing.id, first, now=now)
    assert not ledger.send_again(session, mailing.id, first, now=now)
    assert ledger.leave(session, mailing.id, second, now=now)
    session.refresh(mailing)
    assert mailing.state is MailingState.SENDING
    assert (state_of(session, 0), state_of(session, 1)) == (
        (MessageState.PLANNED, ""),
        (MessageState.UNKNOWN, "left"),
    )


def test_counters_follow_every_move_and_add_up(session: Session, now: datetime) -> None:
    mailing = blast(session, now)
    ledger.put(session, mailing, rows(now, 10), now=now)
    ledger.put(
        session,
        mailing,
        [NewMessage("skip", "blast", now, state=MessageState.SKIPPED, reason="too_few_articles")],
        now=now,
    )
    session.execute(text("UPDATE messages SET state = 'sent' WHERE subscription_id < 4"))
    session.execute(text("UPDATE messages SET state = 'expired', reason = 'late' WHERE subscription_id = 4"))
    session.execute(text("UPDATE messages SET state = 'unknown' WHERE subscription_id = 5"))
    session.execute(text("DELETE FROM messages WHERE subscription_id = 9"))
    account = accounting.accounts(session, [mailing.id])[mailing.id]
    assert account == accounting.recount(session, mailing.id)
    assert account.adds_up
    assert (account.eligible, account.sent, account.unknown, account.pending) == (10, 4, 1, 3)
    assert (account.skipped, account.failed) == ({"too_few_articles": 1}, {"late": 1})


def test_counters_do_not_drift_under_concurrent_flushes_and_folding(
    committing: Sessions, now: datetime
) -> None:
    with transaction(committing) as session:
        mailing = blast(session, now)
        ledger.put(session, mailing, rows(now, 200), now=now)

    def flush(n: int) -> None:
        for part in range(5):
            with transaction(committing) as session:
                session.execute(
                    text("UPDATE messages SET state = 'sent' WHERE subscription_id % 40 = :n"),
                    {"n": n * 5 + part},
                )
            with transaction(committing) as session:
                accounting.fold(session, at_least=2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flush, range(8)))
    with transaction(committing) as session:
        accounting.fold(session, at_least=1)
        account = accounting.accounts(session, [mailing.id])[mailing.id]
        assert (account.sent, account.pending, account.eligible) == (200, 0, 200)
        assert account == accounting.recount(session, mailing.id)
        assert session.scalar(select(func.count()).select_from(MailingTally)) == 1
