"""Old mail goes, with its partition or in slices; young and open mail stays; every account still adds up."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import accounting, aging, ledger, partitions
from service.delivery.ledger import NewMessage
from service.delivery.models import (
    Attempt,
    Event,
    Mailing,
    MailingState,
    MailingTally,
    Message,
    MessageState,
    Stream,
)
from service.ops import retention

DAYS = 400
#: A partition that no other test is in.
NUMBER = 5_000
FIRST = NUMBER * partitions.MAILINGS_PER_PARTITION
COUNTS = {
    (MessageState.SENT, ""): 5,
    (MessageState.FAILED, "no_such_mailbox"): 2,
    (MessageState.SKIPPED, "too_few"): 3,
    (MessageState.UNKNOWN, "no_reply"): 1,
}


@pytest.fixture
def old(now: datetime) -> datetime:
    return now - timedelta(days=DAYS + 1)


@pytest.fixture
def far(committing: Sessions) -> Iterator[Sessions]:
    """Sessions that commit, and no partition of ours left behind."""
    yield committing
    with transaction(committing) as session:
        names = session.scalars(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_p(500[0-9])$'")
        ).all()
        for name in names:
            session.execute(text(f"DROP TABLE {name}"))


def add(
    session: Session,
    mailing_id: int,
    ended: datetime | None,
    *,
    state: MailingState = MailingState.FINISHED,
    began: datetime | None = None,
) -> Mailing:
    """Make a mailing with messages in several states, each tried once, and a bounce."""
    began = began or ended
    mailing = Mailing(
        id=mailing_id,
        stream=Stream.DIGEST,
        cause=f"edition {mailing_id}",
        title="An edition",
        state=state,
        planned=True,
        created_at=began,
        finished_at=ended,
    )
    session.add(mailing)
    session.flush()
    partitions.ensure(session, mailing_id)
    rows = [
        NewMessage(f"s {n} {state} {reason}", "digest", began, subscriber_id=n, state=state, reason=reason)
        for (state, reason), count in COUNTS.items()
        for n in range(count)
    ]
    assert began is not None
    ledger.put(session, mailing, rows, now=began)
    for key in session.scalars(select(Message.id).where(Message.mailing_id == mailing_id)):
        session.add(
            Attempt(
                mailing_id=mailing_id,
                message_id=key,
                number=1,
                at=began,
                relay="r",
                phase="dot",
                outcome=MessageState.SENT,
            )
        )
    session.add(
        Event(
            mailing_id=mailing_id, kind="hard_bounce", at=began, channel="dsn", dedupe_key=f"e {mailing_id}"
        )
    )
    return mailing


def kept(session: Session, mailing_id: int) -> tuple[int, int, int]:
    """Count the messages, tries and events of a mailing."""
    found = [
        session.scalar(select(func.count()).select_from(each).where(each.mailing_id == mailing_id)) or 0
        for each in (Message, Attempt, Event)
    ]
    return found[0], found[1], found[2]


def attached(session: Session) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relispartition AND relname ~ '_p500[0-9]$' ORDER BY 1"
    return list(session.scalars(text(query)))


def test_a_partition_whose_mailings_all_ended_long_ago_is_gone_and_its_accounts_stay(
    far: Sessions, now: datetime, old: datetime
) -> None:
    with transaction(far) as session:
        add(session, FIRST, old)
        add(session, FIRST + 1, old, state=MailingState.STOPPED)
        young = add(session, FIRST + partitions.MAILINGS_PER_PARTITION, now, began=old)

    retention.forget_old_mail(far, days=DAYS, now=now)

    with far() as session:
        assert attached(session) == [
            "attempts_p5001", "attempts_p5002", "messages_p5001", "messages_p5002",
        ]  # fmt: skip
        assert aging.drop_detached(session) == []
        assert kept(session, FIRST) == kept(session, FIRST + 1) == (0, 0, 0)
        assert kept(session, young.id)[:2] == (11, 11)
        for account in accounting.accounts(session, [FIRST, FIRST + 1]).values():
            assert account.adds_up
            assert (account.eligible, account.sent, account.unknown, account.pending) == (11, 5, 1, 0)
            assert account.failed == {"no_such_mailbox": 2}


@pytest.mark.parametrize(
    ("ended_days_ago", "state"),
    [(DAYS - 1, MailingState.FINISHED), (None, MailingState.SENDING), (None, MailingState.PAUSED)],
)
def test_one_young_or_open_mailing_keeps_its_partition_and_loses_nothing(
    far: Sessions, now: datetime, old: datetime, ended_days_ago: int | None, state: MailingState
) -> None:
    ended = None if ended_days_ago is None else now - timedelta(days=ended_days_ago)
    with transaction(far) as session:
        add(session, FIRST, old)
        add(session, FIRST + 1, ended, state=state, began=old)
        add(session, FIRST + partitions.MAILINGS_PER_PARTITION, old)

    retention.forget_old_mail(far, days=DAYS, now=now)

    with far() as session:
        assert "messages_p5000" in attached(session)
        assert kept(session, FIRST) == (0, 0, 0)
        assert kept(session, FIRST + 1)[:2] == (11, 11)
        assert accounting.accounts(session, [FIRST])[FIRST].eligible == 11
        assert accounting.accounts(session, [FIRST + 1])[FIRST + 1] == accounting.recount(session, FIRST + 1)


def test_the_newest_partition_stays_since_a_mailing_may_still_come(
    far: Sessions, now: datetime, old: datetime
) -> None:
    with transaction(far) as session:
        add(session, FIRST, old)
    retention.forget_old_mail(far, days=DAYS, now=now)
    with far() as session:
        assert "messages_p5000" in attached(session)
        assert kept(session, FIRST) == (0, 0, 0)


def test_a_busy_ledger_keeps_its_old_partition_until_the_next_round(
    far: Sessions, now: datetime, old: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aging, "LOCK_TIMEOUT", "20ms")
    with transaction(far) as session:
        add(session, FIRST, old)
        add(session, FIRST + partitions.MAILINGS_PER_PARTITION, old)
    with far() as reader:
        reader.execute(select(Message.id).limit(1)).all()
        retention.forget_old_mail(far, days=DAYS, now=now)
        assert "messages_p5000" in attached(reader)
    retention.forget_old_mail(far, days=DAYS, now=now)
    with far() as session:
        assert "messages_p5000" not in attached(session)


def test_a_partition_taken_out_by_a_process_that_died_is_deleted_by_the_next(
    far: Sessions, now: datetime, old: datetime
) -> None:
    with transaction(far) as session:
        add(session, FIRST, old)
    with transaction(far) as session:
        aging.detach(session, NUMBER)
    with transaction(far) as session:
        assert aging.drop_detached(session) == ["attempts_p5000", "messages_p5000"]


def test_what_nobody_decided_in_all_that_time_needs_no_decision_any_more(
    far: Sessions, now: datetime, old: datetime
) -> None:
    with transaction(far) as session:
        add(session, FIRST, old)
        add(session, FIRST + 1, now, began=old)
    retention.forget_old_mail(far, days=DAYS, now=now)
    with far() as session:
        rows = session.execute(
            select(MailingTally.mailing_id, MailingTally.reason)
            .where(MailingTally.state == MessageState.UNKNOWN)
            .group_by(MailingTally.mailing_id, MailingTally.reason)
            .having(func.sum(MailingTally.n) > 0)
        ).all()
    assert {(mailing_id, reason) for mailing_id, reason in rows} == {
        (FIRST, "left"),
        (FIRST + 1, "no_reply"),
    }


def test_the_counters_of_old_mailings_become_one_line_each(
    session: Session, now: datetime, old: datetime
) -> None:
    mailing = add(session, FIRST, old)
    for hours in range(1, 6):
        session.execute(
            text(
                "UPDATE messages SET state = 'sent', state_at = :at WHERE (mailing_id, id) IN "
                "(SELECT mailing_id, id FROM messages WHERE state = 'skipped' LIMIT 1)"
            ),
            {"at": old + timedelta(hours=hours)},
        )
    before = accounting.accounts(session, [mailing.id])
    assert accounting.flatten(session, before=now - timedelta(days=DAYS)) > 0
    assert accounting.accounts(session, [mailing.id]) == before
    lines = session.execute(select(MailingTally.state, MailingTally.reason)).all()
    assert len(lines) == len(set(lines))
    assert accounting.flatten(session, before=now - timedelta(days=DAYS)) == 0
