"""Whatever operators and schedulers do, in whatever order: nobody gets two mails, and none too early."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.blasts import choosing, drafts, frozen, rules, schedule, sending
from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan
from service.blasts.rules import Rules
from service.db import Sessions
from service.delivery import mailings, rescue
from service.delivery.accounting import accounts
from service.delivery.models import Message, MessageState
from service.errors import Conflict, InvalidInput
from tests.factories import LINKS, make_newsletter, make_subscription

BEGIN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
READERS = 44
ACTOR = "operator 1"
#: What the first page of a blast showed.
SEEN: dict[int, str] = {}
Act = Callable[[Session, Blast, datetime], object]


def confirm(session: Session, blast: Blast, now: datetime) -> object:
    seen = frozen.fingerprint(blast)
    return schedule.confirm(
        session, blast.id, confirmed_count=READERS, seen=seen, operator_id=1, links=LINKS, now=now
    )


def confirm_again(session: Session, blast: Blast, now: datetime) -> object:
    """Send the form of the first page once more: a slow line, a proxy, the back button."""
    first = SEEN.setdefault(blast.id, frozen.fingerprint(blast))
    return schedule.confirm(
        session, blast.id, confirmed_count=READERS, seen=first, operator_id=1, links=LINKS, now=now
    )


def approve(session: Session, blast: Blast, now: datetime) -> object:
    seen = frozen.fingerprint(blast)
    return schedule.approve(session, blast.id, seen=seen, operator_id=2, now=now)


def retry_failed(session: Session, blast: Blast, now: datetime) -> object:
    return rescue.retry_failed(session, blast.mailing_id or 0, reason=None, code=None, now=now)


def kill(session: Session, blast: Blast, now: datetime) -> object:
    """Let the process die in the middle of a slice: nothing of it is there."""
    if blast.mailing_id is not None:
        sending.fan_out_slice(session, blast, now=now)
    session.rollback()
    return None


def fail_some(session: Session, blast: Blast, now: datetime) -> object:
    return session.execute(
        text(
            "UPDATE messages m SET state = 'failed', reason = 'rejected', state_at = :now FROM mailings g "
            "WHERE g.id = m.mailing_id AND g.state = 'sending' AND m.state = 'planned' AND m.due_at <= :now "
            "AND m.id % 5 = 0"
        ),
        {"now": now},
    )


def deliver_some(session: Session, blast: Blast, now: datetime) -> object:
    """Let a worker hand over what is due of a mailing that may be sent."""
    return session.execute(
        text(
            "UPDATE messages m SET state = 'sent', sent_at = :now, state_at = :now FROM mailings g "
            "WHERE g.id = m.mailing_id AND g.state = 'sending' AND m.state = 'planned' AND m.due_at <= :now"
        ),
        {"now": now},
    )


ACTS: dict[str, Act] = {
    "confirm": confirm,
    "confirm again": confirm_again,
    "approve": approve,
    "fail": fail_some,
    "retry": retry_failed,
    "kill": kill,
    "undo": lambda session, blast, now: schedule.unschedule(session, blast.id, actor=ACTOR, now=now),
    "pause": lambda session, blast, now: sending.pause(session, blast.id, actor=ACTOR, now=now),
    "resume": lambda session, blast, now: sending.resume(session, blast.id, actor=ACTOR, now=now),
    "cancel": lambda session, blast, now: sending.cancel(session, blast.id, actor=ACTOR, now=now),
    "edit": lambda session, blast, now: drafts.edit(
        session, blast.id, subject="Another", body_markdown="Word", actor=ACTOR, now=now
    ),
    "deliver": deliver_some,
    "close": lambda session, blast, now: mailings.close_finished(session, now=now),
}


@pytest.mark.parametrize("seed", range(8))
def test_in_any_order_everybody_gets_at_most_one_mail_and_none_before_its_time(
    seed: int, session: Session, sessions: Sessions
) -> None:
    dice = random.Random(seed)
    newsletter = make_newsletter(session)
    for _ in range(READERS):
        make_subscription(session, newsletter, announcements=True)
    blast = drafts.create(
        session, newsletter, subject="Open day", body_markdown="Come.", operator_id=1, now=BEGIN
    )
    plan = Plan(first_percent=50) if seed % 2 else Plan(latest_hours=1)
    choosing.set_plan(session, blast.id, plan, actor=ACTOR, now=BEGIN)
    SEEN.clear()
    above = READERS - 1 if seed % 4 < 2 else None
    rules.change(session, Rules(second_person_above=above, error_percent=50.0), actor=ACTOR, now=BEGIN)
    session.commit()
    now, frozen_text, found_state = BEGIN, "", BlastState.DRAFT
    undone = False
    # Cancelling ends everything; it is the rarest.
    names = [*ACTS, *ACTS, "confirm", "deliver", "deliver"]
    names.remove("cancel")
    for _ in range(32):
        was_draft = found_state is BlastState.DRAFT
        now += timedelta(seconds=dice.choice([1, 20, 45, 90, 700]))
        name = dice.choice(names)
        try:
            ACTS[name](session, blast, now)
            session.commit()
        except (Conflict, InvalidInput):
            session.rollback()
        sending.start_due(sessions, links=LINKS, now=now)
        sending.keep_watch(sessions, now=now)
        sending.fan_out(sessions, now=now)
        session.expire_all()

        found = session.get_one(Blast, blast.id)
        undone = undone or (name == "undo" and not was_draft and found.state is BlastState.DRAFT)
        if name == "confirm again" and undone:
            assert found.state is not BlastState.SCHEDULED or not was_draft
        if above is not None and rows_exist(session):
            assert (found.requested_by, found.approved_by) == (1, 2)
        found_state = found.state
        rows, readers = session.execute(
            select(func.count(), func.count(Message.subscription_id.distinct()))
        ).one()
        assert rows == readers <= READERS
        if found.state in {BlastState.DRAFT, BlastState.SCHEDULED, BlastState.EXPIRED}:
            assert rows == 0
        if rows:
            first = session.scalar(select(func.min(Message.due_at)))
            assert first is not None
            assert found.send_at is not None
            assert found.scheduled_at is not None
            assert first >= found.send_at >= found.scheduled_at + timedelta(seconds=60)
            account = accounts(session, [found.mailing_id or 0])[found.mailing_id or 0]
            assert account.adds_up
            assert account.eligible == rows
            frozen_text = frozen_text or found.subject
            assert found.subject == frozen_text
        if found.state is BlastState.SENT:
            states = set(session.scalars(select(Message.state)))
            assert rows == READERS
            # What failed may be tried again, also after the end.
            assert states <= {MessageState.SENT, MessageState.FAILED, MessageState.PLANNED}


def rows_exist(session: Session) -> bool:
    return session.scalar(select(func.count(Message.id))) != 0
