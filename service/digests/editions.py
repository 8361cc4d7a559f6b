"""Opens editions and runs, each once, and closes an edition when nobody can join it any more."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, case, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.articles import settling
from service.delivery import mailings
from service.delivery.models import Mailing, MailingState, Stream
from service.digests import periods, review
from service.digests.models import Edition, Run
from service.digests.slots import Slot
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers.models import Subscription, SubscriptionState
from service.subscribers.next_slot import edition_cause


def open_edition(
    session: Session, newsletter: Newsletter, *, rhythm: Rhythm, period: str, now: datetime
) -> Edition:
    """Return the edition of this period with its mailing, made now unless it was made before."""
    edition = _find(session, newsletter.id, rhythm=rhythm, period=period)
    if edition is None:
        # Only one worker makes it: a second would wait for the first one's mailing and then fail.
        lock = func.hashtextextended(f"edition {newsletter.id} {rhythm} {period}", 0)
        session.execute(select(func.pg_advisory_xact_lock(lock)))
        edition = _find(session, newsletter.id, rhythm=rhythm, period=period)
    if edition is None:
        return _make(session, newsletter, rhythm=rhythm, period=period, now=now)
    _reopen(session, edition.mailing_id)
    return edition


def open_run(session: Session, edition: Edition, *, slot_at: datetime, now: datetime) -> Run:
    """Return the run of this slot; its cut-off is read once, when it is made."""
    find = select(Run).where(Run.edition_id == edition.id, Run.slot_at == slot_at)
    run = session.scalars(find).one_or_none()
    if run is None:
        session.execute(
            insert(Run)
            .values(
                edition_id=edition.id,
                slot_at=slot_at,
                cutoff_seq=settling.cutoff(session),
                started_at=now,
            )
            .on_conflict_do_nothing(index_elements=[Run.edition_id, Run.slot_at])
        )
        run = session.scalars(find).one()
    return run


def open_runs(session: Session, wanted: Iterable[Slot], *, now: datetime) -> dict[Slot, Run]:
    """Return the run of each slot, made now unless it was made before; always in the same order."""
    runs = {}
    for slot in sorted(
        wanted, key=lambda one: (one.newsletter_id, one.rhythm, one.period, one.at, one.today)
    ):
        newsletter = session.get_one(Newsletter, slot.newsletter_id)
        edition = open_edition(session, newsletter, rhythm=slot.rhythm, period=slot.period, now=now)
        runs[slot] = open_run(session, edition, slot_at=slot.at, now=now)
    return runs


def finish_runs(session: Session, *, now: datetime) -> None:
    """Mark the runs for which nobody is waiting any more."""
    late = (
        exists()
        .where(
            Subscription.newsletter_id == Edition.newsletter_id,
            Subscription.rhythm == Edition.rhythm,
            *_due(now),
            Subscription.next_due_at <= Run.slot_at,
        )
        .correlate(Run, Edition)
    )
    session.execute(
        update(Run)
        .where(Run.edition_id == Edition.id, Run.finished_at.is_(None), Edition.rhythm != Rhythm.FIRST, ~late)
        .values(finished_at=now)
        .execution_options(synchronize_session=False)
    )


def finish_first_runs(session: Session, *, now: datetime) -> None:
    """Mark the runs of first digests: each takes whoever waits at that minute."""
    session.execute(
        update(Run)
        .where(Run.edition_id == Edition.id, Run.finished_at.is_(None), Edition.rhythm == Rhythm.FIRST)
        .values(finished_at=now)
        .execution_options(synchronize_session=False)
    )


def close_over(session: Session, *, now: datetime) -> int:
    """Say of each edition whose period is over, and for which nobody is late, that every row exists.

    Return how many were closed. A reader who is late (a newsletter that could not send, a planner that was
    down) keeps the edition open.
    """
    unplanned = session.scalars(
        select(Edition)
        .join(Mailing, Mailing.id == Edition.mailing_id)
        .where(Mailing.planned.is_(False))
        .order_by(Edition.mailing_id)
    )
    closed = 0
    for edition in unplanned.all():
        over = periods.over_at(edition.period, rhythm=edition.rhythm) <= now
        if over and not _has_late(session, edition, now=now):
            mailings.finish_planning(session, edition.mailing_id, now=now)
            closed += 1
    return closed


def _has_late(session: Session, edition: Edition, *, now: datetime) -> bool:
    late = exists().where(
        Subscription.newsletter_id == edition.newsletter_id,
        Subscription.rhythm == edition.rhythm,
        *_due(now),
    )
    return bool(session.scalar(select(late)))


def _reopen(session: Session, mailing_id: int) -> None:
    # Rare: a reader whose slot lies in a period that was closed (a restored backup, imported schedules).
    session.execute(
        update(Mailing)
        .where(Mailing.id == mailing_id, Mailing.planned, Mailing.state != MailingState.STOPPED)
        .values(
            planned=False,
            state=case((Mailing.state == MailingState.FINISHED, MailingState.SENDING), else_=Mailing.state),
            finished_at=None,
        )
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.first_digest_pending.is_(False),
        Subscription.next_due_at <= now,
    )


def _find(session: Session, newsletter_id: int, *, rhythm: Rhythm, period: str) -> Edition | None:
    return session.scalars(
        select(Edition).where(
            Edition.newsletter_id == newsletter_id, Edition.rhythm == rhythm, Edition.period == period
        )
    ).one_or_none()


def _make(session: Session, newsletter: Newsletter, *, rhythm: Rhythm, period: str, now: datetime) -> Edition:
    mailing = mailings.open_mailing(
        session,
        stream=Stream.DIGEST,
        cause=edition_cause(newsletter.id, rhythm=rhythm, period=period),
        title=periods.title(newsletter.name, rhythm=rhythm, period=period),
        list_id=newsletter.id,
        now=now,
    )
    edition = Edition(
        newsletter_id=newsletter.id,
        rhythm=rhythm,
        period=period,
        mailing_id=mailing.id,
        created_at=now,
    )
    session.add(edition)
    session.flush()
    review.begin(session, edition, newsletter, now=now)
    return edition
