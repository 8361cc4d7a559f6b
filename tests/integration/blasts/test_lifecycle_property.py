"""Whatever operators and schedulers do, in whatever order: nobody gets two mails, and none too early."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.blasts import choosing, drafts, frozen, schedule, sending
from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan
from service.db import Sessions
from service.delivery import mailings
from service.delivery.accounting import accounts
from service.delivery.models import Message, MessageState
from service.errors import Conflict, InvalidInput
from tests.factories import LINKS, make_newsletter, make_subscription

BEGIN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
READERS = 44
ACTOR = "operator 1"
Act = Callable[[Session, Blast, datetime], object]


def confirm(session: Session, blast: Blast, now: datetime) -> object:
    seen = frozen.fingerprint(blast)
    return schedule.confirm(
        session, blast.id, confirmed_count=READERS, seen=seen, operator_id=1, links=LINKS, now=now
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


@pytest.mark.parametrize("seed", range(6))
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
    session.commit()
    now, frozen_text = BEGIN, ""
    # Cancelling ends everything; it is the rarest.
    names = [*ACTS, *ACTS, "confirm", "deliver", "deliver"]
    names.remove("cancel")
    for _ in range(25):
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
            assert (rows, states) == (READERS, {MessageState.SENT})
