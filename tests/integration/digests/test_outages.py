"""Nobody ticked for hours (row 3 of the fault matrix): what fell due meanwhile is made up for, once."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import Mailing, MessageState
from service.digests import planning
from service.digests.report import PlanReport
from tests.integration.digests.worlds import LINKS, NOW, make_due, make_world, messages

OUTAGE = timedelta(hours=3)


def test_after_three_hours_without_a_tick_everybody_who_fell_due_gets_one_digest(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    missed = [
        make_due(session, newsletter, next_due_at=NOW + timedelta(hours=n), hour=9 + n) for n in range(3)
    ]
    later = make_due(session, newsletter, next_due_at=NOW + timedelta(hours=5), hour=14)
    session.commit()

    assert planning.plan_due(sessions, links=LINKS, now=NOW + OUTAGE) == PlanReport(planned=3)
    assert planning.plan_due(sessions, links=LINKS, now=NOW + OUTAGE) == PlanReport()

    found = messages(session)
    assert sorted(each.subscription_id or 0 for each in found) == sorted(each.id for each in missed)
    assert {each.state for each in found} == {MessageState.PLANNED}
    assert all(each.due_at <= NOW + OUTAGE for each in found)
    # All of one week: one edition, however late.
    assert len(session.scalars(select(Mailing)).all()) == 1
    for n, reader in enumerate(missed):
        session.refresh(reader)
        assert reader.next_due_at == NOW + timedelta(days=7, hours=n), "the outage moves nobody's hour"
    session.refresh(later)
    assert later.next_due_at == NOW + timedelta(hours=5)
