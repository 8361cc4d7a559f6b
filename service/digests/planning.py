"""Plans a digest for everybody who is due: safe to run five times at once, or to be killed anywhere.

A paused reader gets no ledger row: the next slot moves to the end of the pause and the watermark stays, so
that what was missed is considered then. A newsletter that may not send yet plans nothing until it may. A
slot that has passed for too long is dropped, with a row that says so, and what was new comes with the next.
"""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from service.db import Sessions, transaction
from service.digests import due, editions, restoring, review
from service.digests.planner import Planner
from service.digests.report import PlanReport
from service.digests.slots import Slot
from service.links import Links
from service.newsletters.models import Newsletter
from service.newsletters.queries import missing_for_sending

log = logging.getLogger(__name__)

#: Readers per transaction.
SLICE = 10_000
#: A pass begins no slice after so many seconds: tasks have an end, and the tick wakes the next pass.
PASS_SECONDS = 60.0


def plan_due(
    sessions: Sessions,
    *,
    links: Links,
    now: datetime,
    seconds: float = PASS_SECONDS,
    call_help: Callable[[], None] | None = None,
) -> PlanReport:
    """Plan slice after slice until nobody is due or time is up; each slice is one transaction.

    `call_help` is called once if there is more than a slice of work: any number of passes share it.
    """
    ends = time.monotonic() + seconds
    with transaction(sessions) as session:
        review.release(session, now=now)
    with transaction(sessions) as session:
        restoring.give_back(session, now=now)
    with transaction(sessions) as session:
        ready = sending_newsletters(session)
        lowest = open_runs(session, ready, now=now)
    planner = Planner(sessions, links=links, lowest=lowest, now=now)
    report = PlanReport()
    for newsletter_id in ready:
        after: due.Position | None = None
        while time.monotonic() < ends:
            with transaction(sessions) as session:
                with planner.watch.stage("lock"):
                    readers = due.lock_slice(session, newsletter_id, after=after, limit=SLICE, now=now)
                report += planner.plan_slice(session, readers)
            if call_help is not None and len(readers) == SLICE:
                call_help()
                call_help = None
            if readers:
                after = readers[-1].position
            elif after is None:
                break
            else:
                # Once more from the front, for those whom another planner held and gave back.
                after = None
    report += PlanReport(seconds=planner.watch.take())
    if report.dropped:
        log.error("Digests dropped because their hour had passed for too long: %s.", report.dropped)
    with transaction(sessions) as session:
        editions.finish_runs(session, now=now)
        editions.close_over(session, now=now)
    return report


def sending_newsletters(session: Session) -> dict[int, Newsletter]:
    """Return the open newsletters that lack nothing for sending, by id."""
    rows = session.scalars(
        select(Newsletter)
        .where(Newsletter.closed_at.is_(None))
        .options(selectinload(Newsletter.topics), joinedload(Newsletter.sender))
        .order_by(Newsletter.id)
    )
    return {row.id: row for row in rows if not missing_for_sending(row)}


def open_runs(session: Session, ready: Collection[int], *, now: datetime) -> dict[Slot, int]:
    """Make the runs before the slices need them, in one order: slices then never wait for each other.

    Return the slots, each with the smallest watermark of those who wait for it.
    """
    found = due.due_slots(session, ready, now=now)
    editions.open_runs(session, found, now=now)
    return found
