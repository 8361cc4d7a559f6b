"""From the confirmed number to the first mail, and back: schedule, approval, undo, and being too late."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts import choosing, drafts, frozen, rules, schedule, sending
from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan, When
from service.blasts.rules import Rules
from service.db import Sessions
from service.delivery.models import Mailing, Message, MessageState
from service.errors import Conflict, InvalidInput
from service.newsletters.models import Newsletter
from service.ops import overview
from tests.factories import LINKS, make_newsletter, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_blast(session: Session, newsletter: Newsletter, *, readers: int = 2, **plan: object) -> Blast:
    for _ in range(readers):
        make_subscription(session, newsletter, announcements=True)
    blast = drafts.create(
        session, newsletter, subject="Open day", body_markdown="Come.", operator_id=1, now=NOW
    )
    return choosing.set_plan(session, blast.id, Plan(**plan), actor="operator 1", now=NOW)


def confirm(session: Session, blast: Blast, *, count: int = 2, operator_id: int = 1) -> Blast:
    return schedule.confirm(
        session,
        blast.id,
        confirmed_count=count,
        seen=frozen.fingerprint(blast),
        operator_id=operator_id,
        links=LINKS,
        now=NOW,
    )


def run(sessions: Sessions, now: datetime) -> int:
    """What a worker does at the tick; how many ledger rows it wrote."""
    sending.start_due(sessions, links=LINKS, now=now)
    sending.keep_watch(sessions, now=now)
    return sending.fan_out(sessions, now=now)


def state(session: Session, blast: Blast) -> BlastState:
    session.expire_all()
    return session.get_one(Blast, blast.id).state


def test_nothing_leaves_within_the_minute_in_which_it_can_be_taken_back(
    session: Session, sessions: Sessions
) -> None:
    blast = confirm(session, make_blast(session, make_newsletter(session)))
    session.commit()
    assert blast.send_at == NOW + MINUTE

    assert run(sessions, NOW + timedelta(seconds=59)) == 0
    assert session.scalars(select(Mailing)).all() == []
    schedule.unschedule(session, blast.id, actor="operator 1", now=NOW + timedelta(seconds=59))
    session.commit()
    assert run(sessions, NOW + 2 * MINUTE) == 0

    assert state(session, blast) is BlastState.DRAFT
    assert session.scalars(select(Message)).all() == []


def test_after_its_minute_it_goes_once_and_can_be_taken_back_no_more(
    session: Session, sessions: Sessions
) -> None:
    blast = confirm(session, make_blast(session, make_newsletter(session)))
    session.commit()

    assert [run(sessions, NOW + MINUTE), run(sessions, NOW + 2 * MINUTE)] == [2, 0]

    assert state(session, blast) is BlastState.SENDING
    with pytest.raises(Conflict, match="cannot be taken back"):
        schedule.unschedule(session, blast.id, actor="operator 1", now=NOW + 2 * MINUTE)


def test_what_was_changed_after_it_was_seen_does_not_go(session: Session) -> None:
    blast = make_blast(session, make_newsletter(session))
    seen = frozen.fingerprint(blast)
    drafts.edit(session, blast.id, subject="Open day", body_markdown="Come on!", actor="operator 2", now=NOW)

    with pytest.raises(Conflict, match="Somebody has changed this blast"):
        schedule.confirm(session, blast.id, confirmed_count=2, seen=seen, operator_id=1, links=LINKS, now=NOW)

    assert blast.state is BlastState.DRAFT


def test_a_scheduled_blast_is_changed_only_after_it_was_taken_back(session: Session) -> None:
    blast = confirm(session, make_blast(session, make_newsletter(session)))
    with pytest.raises(Conflict, match="Take it back first"):
        drafts.edit(session, blast.id, subject="x", body_markdown="y", actor="operator 1", now=NOW)
    with pytest.raises(Conflict, match="only a draft"):
        choosing.set_plan(session, blast.id, Plan(), actor="operator 1", now=NOW)

    schedule.unschedule(session, blast.id, actor="operator 1", now=NOW)
    drafts.edit(session, blast.id, subject="x", body_markdown="y", actor="operator 1", now=NOW)

    assert (blast.subject, blast.send_at, blast.confirmed_count) == ("x", None, None)


def test_above_the_limit_another_sender_approves_and_the_minute_begins_anew(
    session: Session, sessions: Sessions
) -> None:
    rules.change(session, Rules(second_person_above=1), actor="operator 9", now=NOW)
    blast = confirm(session, make_blast(session, make_newsletter(session)))
    seen = frozen.fingerprint(blast)
    session.commit()
    assert run(sessions, NOW + 5 * MINUTE) == 0
    assert state(session, blast) is BlastState.AWAITING
    later = NOW + 10 * MINUTE
    with pytest.raises(Conflict, match="You confirmed this blast yourself"):
        schedule.approve(session, blast.id, seen=seen, operator_id=1, now=later)

    schedule.approve(session, blast.id, seen=seen, operator_id=2, now=later)
    session.commit()

    assert run(sessions, later + timedelta(seconds=59)) == 0
    assert run(sessions, later + MINUTE) == 2
    who = {
        entry.action: entry.actor
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.subject == f"blast {blast.id}"))
    }
    assert (who["blast.approval_asked"], who["blast.approved"]) == ("operator 1", "operator 2")


def test_a_blast_that_could_not_begin_in_time_is_dropped(session: Session, sessions: Sessions) -> None:
    blast = confirm(session, make_blast(session, make_newsletter(session), latest_hours=2))
    session.commit()

    assert run(sessions, NOW + timedelta(hours=2, minutes=2)) == 0

    assert state(session, blast) is BlastState.EXPIRED
    assert "Nobody got it" in session.get_one(Blast, blast.id).ended_because
    told = overview.read_house(session, now=NOW + timedelta(days=1)).dropped
    assert [(each.blast_id, each.subject) for each in told] == [(blast.id, "Open day")]
    assert session.scalars(select(Mailing)).all() == []


def test_a_mail_carries_its_own_latest_time(session: Session, sessions: Sessions) -> None:
    confirm(session, make_blast(session, make_newsletter(session), latest_hours=2))
    session.commit()
    run(sessions, NOW + MINUTE)

    ends = {
        datetime.fromisoformat(row.details["expires_at"]) for row in session.scalars(select(Message)).all()
    }
    assert ends == {NOW + MINUTE + timedelta(hours=2)}


def test_each_reader_gets_it_at_the_same_hour_of_their_own_clock(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    zones = ("Pacific/Auckland", "Europe/Berlin", "America/New_York", "Not/AZone")
    readers = {
        zone: make_subscription(session, newsletter, announcements=True, time_zone=zone) for zone in zones
    }
    eight = datetime(2026, 11, 26, 8, 0)  # noqa: DTZ001  (a clock, in whatever zone)
    blast = make_blast(session, newsletter, readers=0, when=When.LOCAL, clock=eight)
    confirm(session, blast, count=4)
    session.commit()
    auckland = datetime(2026, 11, 25, 19, 0, tzinfo=UTC)
    assert blast.send_at == auckland

    assert run(sessions, auckland - timedelta(seconds=1)) == 0
    assert run(sessions, auckland) == 4

    due = {row.subscription_id: row.due_at for row in session.scalars(select(Message))}
    assert [due[readers[zone].id] for zone in zones] == [
        auckland,
        datetime(2026, 11, 26, 7, 0, tzinfo=UTC),
        datetime(2026, 11, 26, 13, 0, tzinfo=UTC),
        auckland,
    ]
    # How late a mail is is told against this hour, whatever tries and waits move `due_at`.
    slots = {row.subscription_id: row.details["slot_at"] for row in session.scalars(select(Message))}
    assert {key: datetime.fromisoformat(slot) for key, slot in slots.items()} == due


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"when": When.AT, "clock": datetime(2026, 11, 24, 8, 0)}, "That time is over"),  # noqa: DTZ001
        ({"when": When.AT, "clock": datetime(2027, 11, 24, 8, 0)}, "92 days"),  # noqa: DTZ001
        ({"first_percent": 1}, "too few to learn anything"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_scheduled(
    plan: dict[str, object], sentence: str, session: Session
) -> None:
    blast = make_blast(session, make_newsletter(session), **plan)
    with pytest.raises((InvalidInput, Conflict), match=sentence):
        confirm(session, blast)
    assert blast.state is BlastState.DRAFT


def test_who_got_another_blast_lately_is_skipped_and_counted(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    first = confirm(session, make_blast(session, newsletter))
    session.commit()
    run(sessions, NOW + MINUTE)
    got, not_got = session.scalars(select(Message).order_by(Message.id)).all()
    got.state, got.state_at = MessageState.SENT, NOW + MINUTE
    not_got.state = MessageState.FAILED
    rules.change(session, Rules(cap_hours=24), actor="operator 1", now=NOW)
    second = confirm(session, make_blast(session, newsletter, readers=0))
    session.commit()

    assert run(sessions, NOW + 2 * MINUTE) == 2

    session.expire_all()
    rows = session.scalars(select(Message).where(Message.mailing_id == second.mailing_id)).all()
    assert first.mailing_id != second.mailing_id
    assert {row.subscription_id: (row.state, row.reason) for row in rows} == {
        got.subscription_id: (MessageState.SKIPPED, "frequency_cap"),
        not_got.subscription_id: (MessageState.PLANNED, ""),
    }


def test_two_operators_and_two_schedulers_send_it_once(committing: Sessions) -> None:
    with committing.begin() as session:
        blast = make_blast(session, make_newsletter(session))
        seen = frozen.fingerprint(blast)
    gate = Barrier(4)

    def press(operator_id: int) -> datetime | None:
        with committing.begin() as session:
            gate.wait(timeout=10)
            return schedule.confirm(
                session, blast.id, confirmed_count=2, seen=seen, operator_id=operator_id, links=LINKS, now=NOW
            ).send_at

    def tick(_: int) -> int:
        gate.wait(timeout=10)
        return run(committing, NOW + MINUTE)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(1, 5))) == {NOW + MINUTE}
        rows = sum(pool.map(tick, range(4)))

    with committing() as session:
        actions = list(session.scalars(select(AuditEntry.action)))
        assert (actions.count("blast.scheduled"), actions.count("blast.started")) == (1, 1)
        assert len(session.scalars(select(Mailing)).all()) == 1
        assert rows == len(session.scalars(select(Message)).all()) == 2


def test_undo_and_the_scheduler_at_once_leave_one_of_two_clear_ends(committing: Sessions) -> None:
    for _ in range(3):
        with committing.begin() as session:
            blast = confirm(session, make_blast(session, make_newsletter(session)))
        gate = Barrier(2)

        def undo(gate: Barrier = gate, blast_id: int = blast.id) -> bool:
            gate.wait(timeout=10)
            try:
                with committing.begin() as session:
                    schedule.unschedule(session, blast_id, actor="operator 1", now=NOW + MINUTE)
            except Conflict:
                return False
            return True

        def tick(gate: Barrier = gate) -> int:
            gate.wait(timeout=10)
            return run(committing, NOW + MINUTE)

        with ThreadPoolExecutor(2) as pool:
            undone, ticked = pool.submit(undo), pool.submit(tick)
            was_undone, _ = undone.result(), ticked.result()

        with committing() as session:
            found = session.get_one(Blast, blast.id)
            mails = session.scalars(select(Message).where(Message.mailing_id == found.mailing_id)).all()
        assert (found.state, len(mails)) == ((BlastState.DRAFT, 0) if was_undone else (BlastState.SENDING, 2))
