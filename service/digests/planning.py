"""Plans a digest for everybody who is due: safe to run five times at once, or to be killed anywhere.

A paused reader gets no ledger row: the next slot moves to the end of the pause and the watermark stays, so
that what was missed is considered then. A newsletter that may not send yet plans nothing until it may. A
slot that has passed for too long is dropped, with a row that says so, and what was new comes with the next.
"""

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, selectinload

from service.db import Sessions, transaction
from service.delivery.models import Mailing, MailingState
from service.digests import choosing, editions, pool, restoring, review, slots, writing
from service.digests.choosing import Outcomes
from service.digests.models import Run
from service.digests.received import received_stories
from service.digests.selection import drawing
from service.digests.selection.values import TOO_FEW, Skip
from service.digests.slots import Slot
from service.digests.writing import Choice
from service.links import Links
from service.newsletters.models import Newsletter, Rhythm
from service.newsletters.queries import missing_for_sending
from service.subscribers import reach
from service.subscribers.models import Subscription, SubscriptionState

log = logging.getLogger(__name__)

#: Readers per transaction.
SLICE = 500
#: A pass begins no slice after so many seconds: tasks have an end, and the tick wakes the next pass.
PASS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What one call did: rows to be sent, rows that say why not, and readers whose pause goes on."""

    planned: int = 0
    skipped: int = 0
    paused: int = 0
    #: Readers for whom too little waits yet, and who get no row for it.
    waiting: int = 0
    #: Of the skipped, those whose slot had passed for too long.
    dropped: int = 0

    def __add__(self, other: "PlanReport") -> "PlanReport":
        return PlanReport(
            self.planned + other.planned,
            self.skipped + other.skipped,
            self.paused + other.paused,
            self.waiting + other.waiting,
            self.dropped + other.dropped,
        )


def plan_due(sessions: Sessions, *, links: Links, now: datetime, seconds: float = PASS_SECONDS) -> PlanReport:
    """Plan slice after slice until nobody is due or time is up; each slice is one transaction."""
    ends = time.monotonic() + seconds
    with transaction(sessions) as session:
        review.release(session, now=now)
    with transaction(sessions) as session:
        restoring.give_back(session, now=now)
    with transaction(sessions) as session:
        ready = sending_newsletters(session)
        open_runs(session, ready, now=now)
    report = PlanReport()
    for newsletter_id in ready:
        while time.monotonic() < ends:
            with transaction(sessions) as session:
                due = _lock_due(session, newsletter_id, now=now)
                report += plan_slice(session, due, links=links, now=now)
            if not due:
                break
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
        .options(selectinload(Newsletter.topics))
        .order_by(Newsletter.id)
    )
    return {row.id: row for row in rows if not missing_for_sending(row)}


def open_runs(session: Session, ready: Collection[int], *, now: datetime) -> None:
    """Make the runs before the slices need them, in one order: slices then never wait for each other."""
    # One reader stands for all who have the same schedule.
    schedule = (
        Subscription.newsletter_id,
        Subscription.rhythm,
        Subscription.time_zone,
        Subscription.weekday,
        Subscription.hour,
        Subscription.next_due_at,
    )
    due = session.scalars(_due(ready, now=now).ext(distinct_on(*schedule)).order_by(*schedule)).unique()
    found = {slots.slot_of(one, now=now) for one in due if not reach.is_paused(one, now=now)}
    _runs(session, found, now=now)


def plan_slice(
    session: Session,
    due: Sequence[Subscription],
    *,
    links: Links,
    now: datetime,
) -> PlanReport:
    """Write the rows of readers whose subscriptions are locked, and move their slots on."""
    paused = [one for one in due if reach.is_paused(one, now=now)]
    awake = [one for one in due if not reach.is_paused(one, now=now)]
    by_slot: dict[Slot, list[Subscription]] = {}
    for one in awake:
        by_slot.setdefault(slots.slot_of(one, now=now), []).append(one)
    received = received_stories(session, [one.id for one in awake], now=now)
    choices, waiting = [], 0
    for slot, run in _runs(session, by_slot, now=now).items():
        readers = writing.without_row(session, run.edition, by_slot[slot])
        found = _choices(session, run, readers, slot=slot, received=received, now=now)
        told = [choice for choice in found if not _waits(choice)]
        run.waiting += len(found) - len(told)
        waiting += len(found) - len(told)
        choices += told
    planned, skipped = writing.write(session, choices, links=links, now=now)
    for one in paused:
        one.next_due_at = slots.after_pause(one, now=now)
    for one in awake:
        one.next_due_at = slots.following(one, after=now)
    session.flush()
    dropped = sum(choice.outcome == Skip(slots.PASSED) for choice in choices)
    return PlanReport(planned, skipped, len(paused), waiting, dropped)


def _had_one(reader: Subscription, slot: Slot) -> bool:
    # A reader who moved west may live the day of the last digest, or the one before, once more.
    return reader.last_digest_on is not None and reader.last_digest_on >= slot.today


def _waits(choice: Choice) -> bool:
    """Say whether a reader looked in vain: whoever waits for enough is no skipped reader (docs/adr/0015)."""
    return (
        choice.edition.rhythm is Rhythm.ENOUGH
        and isinstance(choice.outcome, Skip)
        and choice.outcome.reason == TOO_FEW
    )


def _choices(
    session: Session,
    run: Run,
    readers: Sequence[Subscription],
    *,
    slot: Slot,
    received: Mapping[int, frozenset[int]],
    now: datetime,
) -> list[Choice]:
    mailing = session.get_one(Mailing, run.edition.mailing_id)
    if mailing.state is MailingState.STOPPED:
        outcomes: Outcomes = {one.id: Skip("stopped") for one in readers}
    elif slots.too_late(slot, now=now):
        outcomes = {one.id: Skip(slots.PASSED) for one in readers}
    else:
        served = [one for one in readers if _had_one(one, slot)]
        outcomes = {one.id: Skip("already_today") for one in served}
        rest = [one for one in readers if not _had_one(one, slot)]
        outcomes |= _select(session, run, rest, received=received, now=now)
    return [
        Choice(
            subscription=one,
            edition=run.edition,
            day=slot.today,
            outcome=outcomes[one.id],
            from_seq=one.watermark,
            to_seq=max(one.watermark, run.cutoff_seq),
        )
        for one in readers
    ]


def _select(
    session: Session,
    run: Run,
    readers: Sequence[Subscription],
    *,
    received: Mapping[int, frozenset[int]],
    now: datetime,
) -> Outcomes:
    if not readers:
        return {}
    edition = run.edition
    candidates = pool.load_window(
        session,
        edition.newsletter,
        rhythm=edition.rhythm,
        after_seq=min(one.watermark for one in readers),
        until_seq=run.cutoff_seq,
        seed=drawing.seed(edition.newsletter_id, edition.rhythm, edition.period),
        now=now,
    )
    return choosing.choose(
        readers, candidates, newsletter=edition.newsletter, rhythm=edition.rhythm, received=received
    )


def _runs(session: Session, wanted: Iterable[Slot], *, now: datetime) -> dict[Slot, Run]:
    runs = {}
    for slot in sorted(
        wanted, key=lambda one: (one.newsletter_id, one.rhythm, one.period, one.at, one.today)
    ):
        newsletter = session.get_one(Newsletter, slot.newsletter_id)
        edition = editions.open_edition(session, newsletter, rhythm=slot.rhythm, period=slot.period, now=now)
        runs[slot] = editions.open_run(session, edition, slot_at=slot.at, now=now)
    return runs


def _lock_due(session: Session, newsletter_id: int, *, now: datetime) -> list[Subscription]:
    return list(
        session.scalars(
            _due([newsletter_id], now=now)
            # Readers of the same topics side by side: they share a selection when they share a slice. One
            # newsletter at a time, so that the index has them in this order already.
            .order_by(Subscription.next_due_at, Subscription.topic_ids, Subscription.id)
            .limit(SLICE)
            .with_for_update(of=Subscription, skip_locked=True)
            .execution_options(populate_existing=True)
        ).unique()
    )


def _due(ready: Collection[int], *, now: datetime) -> Select[Subscription]:
    return select(Subscription).where(
        Subscription.newsletter_id.in_(ready),
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.first_digest_pending.is_(False),
        Subscription.next_due_at <= now,
    )
