"""A mailing with too many errors is paused with a reason; the red button holds all, also what comes later."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts import sending
from service.blasts.models import Blast, BlastState
from service.db import Sessions, transaction
from service.delivery import breakers, holds, mailings, queries
from service.delivery.breaker_counts import MailingCounts
from service.delivery.breakers import ErrorLimit, OutcomeCounts
from service.delivery.models import Mailing, MailingState, MessageState, Stream
from service.delivery.outcomes import Outcome
from service.ops import control
from tests.integration.ops import scenes
from tests.integration.ops.scenes import State, make_mailing


def make(session: Session, now: datetime, *, stream: Stream = Stream.DIGEST, cause: str = "edition 1") -> int:
    return make_mailing(session, {(State.PLANNED, ""): 1}, now=now, stream=stream, cause=cause).id


def found(session: Session, mailing_id: int) -> Mailing:
    return session.get_one(Mailing, mailing_id, populate_existing=True)


def note(session: Session, mailing_id: int, outcomes: int, errors: int, now: datetime) -> bool:
    session.flush()
    return bool(breakers.note(session, {mailing_id: OutcomeCounts(outcomes, errors)}, now=now))


def test_more_than_a_tenth_of_a_hundred_errors_pauses_a_mailing(session: Session, now: datetime) -> None:
    mailing_id = make(session, now)
    assert not note(session, mailing_id, 64, 9, now)
    (tripped,) = breakers.note(session, {mailing_id: OutcomeCounts(64, 9)}, now=now)
    assert tripped.reason == "18 of its latest 128 outcomes were errors (14 %)."
    mailing = found(session, mailing_id)
    assert (mailing.state, mailing.paused_by, mailing.paused_at) == (MailingState.PAUSED, "system", now)
    assert mailing.paused_reason == tripped.reason
    session.flush()
    (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.subject == f"mailing {mailing_id}"))
    assert (entry.actor, entry.action) == ("system", "mailing.paused")
    assert entry.after is not None
    assert entry.after["reason"] == tripped.reason
    # Windows that were under way pause it no second time.
    assert not note(session, mailing_id, 64, 64, now)


@pytest.mark.parametrize(
    ("outcomes", "errors", "trips"), [(99, 99, False), (100, 10, False), (100, 11, True)]
)
def test_the_limit_is_a_share_of_enough(
    session: Session, now: datetime, outcomes: int, errors: int, trips: bool
) -> None:
    assert note(session, make(session, now), outcomes, errors, now) is trips


def test_the_limit_can_be_another(session: Session, now: datetime) -> None:
    mailing_id = make(session, now)
    limit = ErrorLimit(percent=50, outcomes=20)
    counts = {mailing_id: OutcomeCounts(20, 10)}
    assert breakers.note(session, counts, now=now, limit=limit) == []
    assert breakers.note(session, {mailing_id: OutcomeCounts(1, 1)}, now=now, limit=limit) != []


def test_the_latest_outcomes_decide_however_well_it_began(session: Session, now: datetime) -> None:
    mailing_id = make(session, now)
    for _ in range(1_000):
        assert not note(session, mailing_id, 640, 0, now)
    windows = 0
    while not note(session, mailing_id, 64, 40, now):
        windows += 1
        assert windows < 10


def test_resuming_begins_the_count_anew_and_takes_the_reason_away(session: Session, now: datetime) -> None:
    mailing_id = make(session, now)
    assert note(session, mailing_id, 200, 100, now)
    control.resume(session, mailing_id, actor="operator 1", now=now)
    mailing = found(session, mailing_id)
    assert (mailing.state, mailing.paused_by, mailing.paused_reason) == (MailingState.SENDING, None, None)
    assert not note(session, mailing_id, 99, 99, now)


def test_confirmations_are_never_paused_by_errors(session: Session, now: datetime) -> None:
    mailing_id = make(session, now, stream=Stream.TRANSACTIONAL)
    assert not note(session, mailing_id, 1_000, 1_000, now)
    assert found(session, mailing_id).state is MailingState.SENDING


def test_who_paused_it_first_is_kept(session: Session, now: datetime) -> None:
    mailing_id = make(session, now)
    control.pause(session, mailing_id, actor="operator 7", now=now)
    control.pause(session, mailing_id, actor="operator 8", now=now)
    assert found(session, mailing_id).paused_by == "operator 7"


def test_a_blast_follows_its_paused_mailing_and_is_resumed_as_a_blast(
    sessions: Sessions, now: datetime
) -> None:
    with transaction(sessions) as session:
        blast = scenes.make_draft(session, readers=3, now=now)
    mailing = scenes.start(sessions, blast, now=now)
    with sessions() as session:
        assert note(session, mailing.id, 100, 50, now)
        assert sending.finish_done(session, now=now) == 1
        assert session.get_one(Blast, blast.id).state is BlastState.PAUSED
        control.resume(session, mailing.id, actor="operator 1", now=now)
        assert session.get_one(Blast, blast.id).state is BlastState.SENDING
        assert found(session, mailing.id).state is MailingState.SENDING


def test_a_blast_can_be_resumed_before_it_has_followed(sessions: Sessions, now: datetime) -> None:
    with transaction(sessions) as session:
        blast = scenes.make_draft(session, readers=3, now=now)
    mailing = scenes.start(sessions, blast, now=now)
    with sessions() as session:
        assert note(session, mailing.id, 100, 50, now)
        control.resume(session, mailing.id, actor="operator 1", now=now)
        assert found(session, mailing.id).state is MailingState.SENDING


def test_senders_that_note_and_operators_that_resume_never_wait_in_a_circle(
    committing: Sessions, now: datetime
) -> None:
    with transaction(committing) as session:
        ids = [make(session, now, cause=f"edition {n}") for n in range(3)]

    def note_all(_: int) -> int:
        with transaction(committing) as session:
            return len(breakers.note(session, dict.fromkeys(ids, OutcomeCounts(60, 30)), now=now))

    def resume_all(n: int) -> int:
        for mailing_id in ids if n % 2 else reversed(ids):
            with transaction(committing) as session:
                mailings.resume(session, mailing_id, now=now)
        return 0

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(note_all if n % 3 else resume_all, n) for n in range(60)]
        tripped = sum(job.result() for job in jobs)
    with committing() as session:
        paused = session.scalars(select(AuditEntry).where(AuditEntry.action == "mailing.paused")).all()
    assert len(paused) == tripped > 0


def outcomes(mailing_id: int, **numbers: int) -> list[Outcome]:
    at = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
    return [Outcome(mailing_id, n, MessageState(name), at) for name, n in numbers.items() for _ in range(n)]


def test_deferred_skipped_expired_and_unknown_messages_count_neither_way() -> None:
    every = outcomes(4, sent=5, failed=2, deferred=50, skipped=50, expired=9, unknown=3)
    assert breakers.count(every) == {4: OutcomeCounts(7, 2)}


def test_nothing_is_written_while_all_is_well_and_then_at_most_every_second() -> None:
    counts = MailingCounts()
    for _ in range(100):
        counts.add(outcomes(1, sent=64))
        assert counts.take(now=0.0) == {}
    counts.add(outcomes(1, failed=1))
    (noted,) = counts.take(now=0.0).values()
    assert noted.errors == 1
    assert 900 < noted.outcomes <= 1_065  # thinned out by no more than the breaker remembers
    counts.add(outcomes(1, sent=63, failed=1))
    assert counts.take(now=0.5) == {}
    assert counts.take(now=1.0) == {1: OutcomeCounts(64, 1)}
    counts.add(outcomes(1, sent=64, failed=40))
    assert counts.take(now=1.1) == {1: OutcomeCounts(104, 40)}


CLAIMABLE = f"SELECT g.id FROM mailings g WHERE g.state = 'sending' AND {holds.NOT_HELD} ORDER BY g.id"


def test_the_red_button_holds_what_is_there_and_what_begins_later(session: Session, now: datetime) -> None:
    digest = make(session, now)
    assert session.scalars(text(CLAIMABLE)).all() == [digest]
    assert holds.hold(session, by="operator 3", now=now)
    assert not holds.hold(session, by="operator 4", now=now)
    later = make(session, now, stream=Stream.BLAST, cause="blast 9")
    letters = make(session, now, stream=Stream.TRANSACTIONAL, cause="transactional 2026-11")
    session.flush()
    assert session.scalars(text(CLAIMABLE)).all() == [letters]
    hold = holds.find(session)
    assert hold is not None
    assert (hold.held_by, hold.held_at) == ("operator 3", now)
    assert holds.lift(session)
    assert not holds.lift(session)
    assert holds.find(session) is None
    assert session.scalars(text(CLAIMABLE)).all() == [digest, later, letters]


def test_while_all_is_held_nobody_is_woken_for_bulk_mail(session: Session, now: datetime) -> None:
    make(session, now)
    make(session, now, stream=Stream.TRANSACTIONAL, cause="transactional 2026-11")

    def due(*streams: Stream) -> bool:
        return bool(session.scalar(select(queries.is_due(streams, now=now + timedelta(seconds=1)))))

    holds.hold(session, by="operator 3", now=now)
    session.flush()
    assert not due(Stream.DIGEST, Stream.BLAST)
    assert due(Stream.TRANSACTIONAL)
    holds.lift(session)
    assert due(Stream.DIGEST, Stream.BLAST)


def test_lifting_the_hold_resumes_no_mailing_that_was_paused_by_itself(
    session: Session, now: datetime
) -> None:
    paused = make(session, now)
    mailings.pause(session, paused, now=now, by="operator 1")
    control.hold_all(session, actor="operator 1", now=now)
    control.lift_hold(session, actor="operator 1", now=now)
    session.flush()
    assert found(session, paused).state is MailingState.PAUSED
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["bulk.held", "bulk.released"]
