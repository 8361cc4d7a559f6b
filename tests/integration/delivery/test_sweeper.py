"""Putting the ledger in order, and reading it."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text, update

from service.db import Sessions, transaction
from service.delivery import claims, mailings, queries
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
from service.delivery.sweeper import sweep
from tests.fakes import smtp_server
from tests.integration.delivery.world import account, claim, engine, plan, states, utc


def test_old_digests_and_confirmations_expire_and_an_operators_blast_waits(
    sessions: Sessions, tmp_path: Path
) -> None:
    ids = {stream: plan(sessions, 2, stream=stream, cause=stream.value) for stream in Stream}
    with transaction(sessions) as session:
        session.execute(update(Message).values(due_at=utc() - timedelta(hours=49)))
    assert sweep(sessions, journals=tmp_path, now=utc()).expired == 4
    assert account(sessions, ids[Stream.DIGEST]).failed == {"too_late": 2}
    assert account(sessions, ids[Stream.TRANSACTIONAL]).failed == {"too_late": 2}
    assert account(sessions, ids[Stream.BLAST]).pending == 2


def test_a_paused_digest_does_not_expire_behind_the_operators_back(
    sessions: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(sessions, 2, stream=Stream.DIGEST, cause="edition 1")
    with transaction(sessions) as session:
        session.execute(update(Message).values(due_at=utc() - timedelta(hours=49)))
        mailings.pause(session, mailing_id, now=utc())
    assert sweep(sessions, journals=tmp_path, now=utc()).expired == 0


def test_what_a_worker_hands_back_to_a_stopped_mailing_is_cancelled(
    sessions: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(sessions, 4)
    with transaction(sessions) as session:
        held = claim(session, Stream.BLAST, owner="worker", limit=2, seconds=60, now=utc())
        keys = [(each.mailing_id, each.id) for each in held]
        assert mailings.stop(session, mailing_id, now=utc()) == 2
        claims.give_back(session, keys[:1], owner="worker", now=utc())
        # A worker that died in between left one more.
        session.execute(text("UPDATE messages SET state = 'planned', owner = NULL WHERE owner = 'worker'"))
    sweep(sessions, journals=tmp_path, now=utc())
    found = account(sessions, mailing_id)
    assert (found.skipped, found.pending) == ({"stopped": 4}, 0)


def test_a_claim_takes_what_is_due_first_and_never_what_another_holds(
    sessions: Sessions, now: datetime
) -> None:
    plan(sessions, 6)
    with transaction(sessions) as session:
        for n in range(6):
            session.execute(
                update(Message)
                .where(Message.subscription_id == n)
                .values(due_at=now + timedelta(minutes=n - 4))
            )
        first = claim(session, Stream.BLAST, owner="a", limit=2, seconds=60, now=now)
        second = claim(session, Stream.BLAST, owner="b", limit=9, seconds=60, now=now)
    assert [each.subscription_id for each in first] == [0, 1]
    assert [each.subscription_id for each in second] == [2, 3, 4]


def test_a_lease_that_has_ended_is_not_renewed_and_marks_nothing(sessions: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(sessions, 1)
    with transaction(sessions) as session:
        (message,) = claim(session, Stream.BLAST, owner="a", limit=1, seconds=-1)
        key = (message.mailing_id, message.id)
        assert not claims.renew(session, [key], owner="a", seconds=60)
        assert claims.look_again(session, {key: b"hash"}, owner="a") == set()
        assert claims.begin(session, {key: b"hash"}, owner="b", seconds=60, now=utc()) == set()
        claims.give_back(session, [key], owner="a", now=utc())
    assert account(sessions, mailing_id).by_state == {MessageState.PLANNED: 1}


def test_a_late_outcome_settles_what_was_called_unknown_and_reopens_the_mailing(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 1)
    with transaction(committing) as session:
        (message,) = claim(session, Stream.BLAST, owner="a", limit=1, seconds=60, now=utc())
        session.execute(text("UPDATE messages SET lease_until = now() - interval '1 s'"))
    assert sweep(committing, journals=tmp_path, now=utc()).finished == 1
    assert states(committing)[0] == (MessageState.UNKNOWN, "no_reply")
    with transaction(committing) as session:
        claims.give_back(session, [(mailing_id, message.id)], owner="a", now=utc())
        assert session.get_one(Mailing, mailing_id).state is MailingState.SENDING
    assert account(committing, mailing_id).by_state == {MessageState.PLANNED: 1}


def test_sweeping_an_orderly_ledger_changes_nothing_but_the_number_of_tallies(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 5)
    with transaction(committing) as session:
        for n in range(5):
            for state in ("held", "planned") * 6:
                session.execute(
                    text("UPDATE messages SET state = :s WHERE subscription_id = :n"), {"s": state, "n": n}
                )
    before = account(committing, mailing_id)
    sweep(committing, journals=tmp_path, now=utc())
    assert account(committing, mailing_id) == before
    with committing() as session:
        assert len(session.scalars(select(MailingTally.id)).all()) == 1


def test_a_refusal_leaves_its_words_and_the_queue_is_empty_afterwards(
    committing: Sessions, tmp_path: Path
) -> None:
    plan(committing, 7)
    with committing() as session:
        assert queries.oldest_due(session, Stream.BLAST, now=utc()) is not None
    with smtp_server.running(
        lambda step: "550 5.1.1 <a@b.example> no" if step.verb == "RCPT" and "reader3@" in step.line else None
    ) as server:
        engine(committing, server, tmp_path).deliver([Stream.BLAST])
    with committing() as session:
        failed = session.scalars(select(Message).where(Message.state == MessageState.FAILED)).one()
        refused = session.scalars(select(Attempt).where(Attempt.message_id == failed.id)).one()
        assert (refused.phase, refused.code, refused.reply) == ("rcpt", 550, "5.1.1 <(address)> no")
        assert session.scalars(select(Event.kind).where(Event.message_id == failed.id)).all() == [
            "hard_bounce"
        ]
        assert queries.oldest_due(session, Stream.BLAST, now=utc()) is None
