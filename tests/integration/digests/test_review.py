"""A new edition may wait for an operator: approved, held, or gone by itself when the time is over."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.db import Sessions, transaction
from service.delivery.models import Mailing, MailingState
from service.digests import planning, review
from service.digests.models import Edition
from service.dispatch import TaskName
from service.errors import Conflict
from service.ops.due import due_tasks
from tests.integration.digests.worlds import LINKS, NOW, make_due, make_world, messages

MINUTES = timedelta(minutes=30)


@pytest.fixture
def edition_id(session: Session, sessions: Sessions) -> int:
    newsletter = make_world(session, review_minutes=30)
    make_due(session, newsletter)
    make_due(session, newsletter, next_due_at=NOW + timedelta(hours=2), hour=11)
    session.commit()
    assert planning.plan_due(sessions, links=LINKS, now=NOW).planned == 1
    return session.scalars(select(Edition.id)).one()


def mailing(session: Session) -> Mailing:
    session.expire_all()
    return session.scalars(select(Mailing).where(Mailing.stream == "digest")).one()


def actions(session: Session) -> list[str]:
    return [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_it_is_planned_and_held(session: Session, edition_id: int) -> None:
    found = mailing(session)
    assert (found.state, found.paused_by) == (MailingState.PAUSED, review.REVIEW)
    assert "09:30 UTC" in (found.paused_reason or "")
    assert len(messages(session)) == 1


def test_it_goes_by_itself_when_the_time_is_over(
    session: Session, sessions: Sessions, edition_id: int
) -> None:
    before, after = NOW + MINUTES - timedelta(seconds=1), NOW + MINUTES
    assert TaskName.PLAN_DIGESTS not in due_tasks(session, now=before)
    planning.plan_due(sessions, links=LINKS, now=before)
    assert mailing(session).state is MailingState.PAUSED
    assert TaskName.PLAN_DIGESTS in due_tasks(session, now=after)
    planning.plan_due(sessions, links=LINKS, now=after)
    assert mailing(session).state is MailingState.SENDING
    assert actions(session) == ["edition.review_over"]


def test_an_operator_approves_it_once(session: Session, sessions: Sessions, edition_id: int) -> None:
    with transaction(sessions) as own:
        review.approve(own, edition_id, actor="operator 1", now=NOW)
    assert mailing(session).state is MailingState.SENDING
    assert actions(session) == ["edition.approved"]
    with pytest.raises(Conflict), transaction(sessions) as own:
        review.approve(own, edition_id, actor="operator 1", now=NOW)
    # Readers of a later hour are in the same edition, which was looked at already.
    assert planning.plan_due(sessions, links=LINKS, now=NOW + timedelta(hours=2)).planned == 1
    assert mailing(session).state is MailingState.SENDING


def test_an_operator_holds_it_beyond_its_time(session: Session, sessions: Sessions, edition_id: int) -> None:
    with transaction(sessions) as own:
        review.keep(own, edition_id, actor="operator 1", now=NOW)
    planning.plan_due(sessions, links=LINKS, now=NOW + 2 * MINUTES)
    found = mailing(session)
    assert (found.state, found.paused_by, found.paused_reason) == (MailingState.PAUSED, "operator 1", None)


def test_without_minutes_it_goes_at_once(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    make_due(session, newsletter)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)
    assert mailing(session).state is MailingState.SENDING


def test_who_holds_it_in_the_second_in_which_its_time_ends_is_heeded(committing: Sessions) -> None:
    with transaction(committing) as own:
        make_due(own, make_world(own, review_minutes=30))
    planning.plan_due(committing, links=LINKS, now=NOW)

    def release() -> int:
        with transaction(committing) as own:
            return review.release(own, now=NOW + MINUTES)

    with ThreadPoolExecutor(1) as pool, committing() as holding:
        review.keep(holding, holding.scalars(select(Edition.id)).one(), actor="operator 1", now=NOW)
        holding.flush()
        released = pool.submit(release)
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        ends = time.monotonic() + 5
        while not holding.scalar(waits) and time.monotonic() < ends:
            time.sleep(0.01)
        holding.commit()
        assert released.result(timeout=10) == 0
        found = mailing(holding)
        assert (found.state, found.paused_by) == (MailingState.PAUSED, "operator 1")
