"""The first digest: the best of the last days, at once after the confirmation.

A reader for whom there is too little to read gets a welcome instead, and the little there is comes with the
first regular digest.
"""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import settling
from service.db import Sessions, transaction
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, MailingState
from service.digests import choosing, editions, pool, slots, writing
from service.digests.models import Run
from service.digests.planning import PASS_SECONDS, sending_newsletters
from service.digests.received import received_stories
from service.digests.report import PlanReport
from service.digests.selection import drawing
from service.digests.selection.values import Selection, Skip
from service.digests.writing import Choice
from service.links import Links
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import reach, schedule
from service.subscribers.models import Subscription, SubscriptionState

#: Readers per transaction; new ones come one by one, imported ones in crowds.
SLICE = 200

LOOK_BACK = {
    Rhythm.DAILY: timedelta(days=2),
    # Over a weekend.
    Rhythm.WEEKDAYS: timedelta(days=4),
    Rhythm.ENOUGH: timedelta(days=4),
    Rhythm.WEEKLY: timedelta(days=7),
    Rhythm.FORTNIGHTLY: timedelta(days=7),
    Rhythm.MONTHLY: timedelta(days=7),
}
LONGEST_LOOK_BACK = timedelta(days=30)


def plan_first(
    sessions: Sessions, *, links: Links, now: datetime, seconds: float = PASS_SECONDS
) -> PlanReport:
    """Plan until no new reader is waiting or time is up; each slice is one transaction."""
    ends = time.monotonic() + seconds
    with transaction(sessions) as session:
        ready = list(sending_newsletters(session))
    report = PlanReport()
    while time.monotonic() < ends:
        with transaction(sessions) as session:
            waiting = _lock_waiting(session, ready)
            report += plan_slice(session, waiting, links=links, now=now)
        if not waiting:
            break
    with transaction(sessions) as session:
        editions.finish_first_runs(session, now=now)
    return report


def plan_slice(
    session: Session, waiting: Sequence[Subscription], *, links: Links, now: datetime
) -> PlanReport:
    """Give each of these locked readers a first digest or a welcome; those who pause get neither."""
    report, groups = PlanReport(), dict[tuple[int, date, Rhythm], list[Subscription]]()
    for one in waiting:
        if reach.is_paused(one, now=now):
            report += PlanReport(paused=1)
            one.watermark = pool.start_of(
                session,
                one.newsletter_id,
                published_since=now - LONGEST_LOOK_BACK,
                cutoff=settling.cutoff(session),
            )
        else:
            key = (one.newsletter_id, reach.today(one, now=now), one.rhythm)
            groups.setdefault(key, []).append(one)
        one.first_digest_pending = False
        if one.next_due_at is None:
            one.next_due_at = slots.following(one, after=now)
    for newsletter_id, day, rhythm in sorted(groups):
        newsletter = session.get_one(Newsletter, newsletter_id)
        run = _open_run(session, newsletter, day=day, now=now)
        report += _plan_group(session, run, groups[newsletter_id, day, rhythm], day=day, links=links, now=now)
    session.flush()
    return report


def _plan_group(
    session: Session,
    run: Run,
    readers: Sequence[Subscription],
    *,
    day: date,
    links: Links,
    now: datetime,
) -> PlanReport:
    choices = _choices(session, run, readers, day=day, now=now)
    served = {choice.subscription.id for choice in choices if isinstance(choice.outcome, Selection)}
    for choice in choices:
        # Nothing older than the last days is ever new to this reader, with a digest or without.
        choice.subscription.watermark = choice.from_seq
    fresh = {reader.id for reader in writing.without_row(session, run.edition, readers)}
    planned, skipped = writing.write(
        session, [choice for choice in choices if choice.subscription.id in fresh], links=links, now=now
    )
    _welcome(session, [one for one in readers if one.id not in served & fresh], now=now)
    return PlanReport(planned, skipped)


def _choices(
    session: Session, run: Run, readers: Sequence[Subscription], *, day: date, now: datetime
) -> list[Choice]:
    """Look back a few days, and a month for those who would get too little."""
    received = received_stories(session, [reader.id for reader in readers], now=now)
    edition = run.edition
    stopped = session.get_one(Mailing, edition.mailing_id).state is MailingState.STOPPED
    choices: list[Choice] = []
    left = list(readers)
    for look_back in (LOOK_BACK[readers[0].rhythm], LONGEST_LOOK_BACK):
        candidates = pool.load_recent(
            session,
            edition.newsletter,
            until_seq=run.cutoff_seq,
            published_since=now - look_back,
            seed=drawing.seed(edition.newsletter_id, edition.rhythm, edition.period),
            now=now,
        )
        outcomes = choosing.choose(
            left,
            candidates,
            newsletter=edition.newsletter,
            # Not the reader's own: who waits for enough later is greeted with what there is.
            rhythm=edition.rhythm,
            received=received,
            after_seq=0,
        )
        begin = pool.start_of(
            session, edition.newsletter_id, published_since=now - look_back, cutoff=run.cutoff_seq
        )
        last = look_back == LONGEST_LOOK_BACK
        for reader in left:
            outcome = _unless(reader, outcomes[reader.id], day=day, stopped=stopped)
            if last or isinstance(outcome, Selection):
                choices.append(Choice(reader, edition, day, outcome, begin, run.cutoff_seq))
        done = {choice.subscription.id for choice in choices}
        left = [reader for reader in left if reader.id not in done]
        if not left:
            break
    return choices


def _unless(reader: Subscription, outcome: Selection | Skip, *, day: date, stopped: bool) -> Selection | Skip:
    if stopped:
        return Skip("stopped")
    return Skip("already_today") if reader.last_digest_on == day else outcome


def _welcome(session: Session, readers: Sequence[Subscription], *, now: datetime) -> None:
    rows = [
        NewMessage(
            dedupe_key=f"welcome {reader.id}.{reader.generation}",
            kind="welcome",
            due_at=now,
            subscriber_id=reader.subscriber_id,
            subscription_id=reader.id,
        )
        for reader in readers
    ]
    ledger.put(session, mailings.transactional(session, now=now), rows, now=now)


def _open_run(session: Session, newsletter: Newsletter, *, day: date, now: datetime) -> Run:
    period = schedule.period_of(day, rhythm=Rhythm.FIRST)
    edition = editions.open_edition(session, newsletter, rhythm=Rhythm.FIRST, period=period, now=now)
    # A run for each minute: those who confirm together share a cut-off.
    return editions.open_run(session, edition, slot_at=now.replace(second=0, microsecond=0), now=now)


def _lock_waiting(session: Session, ready: Sequence[int]) -> list[Subscription]:
    return list(
        session.scalars(
            select(Subscription)
            .where(
                Subscription.first_digest_pending,
                Subscription.state == SubscriptionState.ACTIVE,
                Subscription.newsletter_id.in_(ready),
            )
            .order_by(Subscription.id)
            .limit(SLICE)
            .with_for_update(of=Subscription, skip_locked=True)
            .execution_options(populate_existing=True)
        ).unique()
    )
