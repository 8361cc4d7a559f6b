"""Mailings: opening, holding and closing what an operator counts as one."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery import ledger, partitions
from service.delivery.models import PENDING, Mailing, MailingBreaker, MailingState, MailingTally, Stream
from service.errors import Conflict, NotFound

#: A month's transactional mailing stays open this long after it, for transactions that began before.
MONTH_GRACE = timedelta(days=2)
#: Who did it, where no operator and no reader did.
SYSTEM = "system"

_FIND_ID = text("SELECT id FROM mailings WHERE cause = :cause")


class Month(NamedTuple):
    """A month's transactional mailing, as the ledger takes it."""

    id: int
    stream: Stream = Stream.TRANSACTIONAL


def open_mailing(
    session: Session,
    *,
    stream: Stream,
    cause: str,
    title: str,
    list_id: int | None,
    now: datetime,
    state: MailingState = MailingState.SENDING,
) -> Mailing:
    """Return the mailing of this cause, made now unless it was made before."""
    # Looking first spares the identity value that a conflicting insert would burn at every sign-up.
    mailing = find_by_cause(session, cause)
    if mailing is None:
        session.execute(
            insert(Mailing)
            .values(stream=stream, cause=cause, title=title, list_id=list_id, state=state, created_at=now)
            .on_conflict_do_nothing(index_elements=[Mailing.cause])
        )
        mailing = session.scalars(select(Mailing).where(Mailing.cause == cause)).one()
        partitions.ensure(session, mailing.id)
    return mailing


def find_by_cause(session: Session, cause: str) -> Mailing | None:
    return session.scalars(select(Mailing).where(Mailing.cause == cause)).one_or_none()


def of_this_month(session: Session, *, now: datetime) -> Month:
    """Return the mailing that `transactional` returns, read as lightly as every sign-up wants it."""
    mailing_id = session.execute(_FIND_ID, {"cause": _month_cause(now)}).scalar()
    return Month(transactional(session, now=now).id if mailing_id is None else mailing_id)


def transactional(session: Session, *, now: datetime) -> Mailing:
    """Return this month's mailing of confirmations and other mails that one person asked for."""
    return open_mailing(
        session,
        stream=Stream.TRANSACTIONAL,
        cause=_month_cause(now),
        title=f"Confirmations and invitations, {now:%Y-%m}",
        list_id=None,
        now=now,
    )


def _month_cause(now: datetime) -> str:
    return f"transactional {now:%Y-%m}"


def finish_planning(session: Session, mailing_id: int, *, now: datetime) -> None:
    """Say that every ledger row exists; with nothing pending the mailing is finished at once."""
    mailing = _locked(session, mailing_id)
    mailing.planned = True
    session.flush()
    _close(session, Mailing.id == mailing_id, now=now)


def pause(
    session: Session, mailing_id: int, *, now: datetime, by: str = SYSTEM, reason: str | None = None
) -> None:
    """Hold what has not left; windows in flight finish. Who paused it first, and why, is kept."""
    mailing = _locked(session, mailing_id)
    if mailing.state is MailingState.PAUSED:
        return
    _move(mailing, {MailingState.SCHEDULED, MailingState.SENDING}, MailingState.PAUSED)
    mailing.paused_at, mailing.paused_by, mailing.paused_reason = now, by, reason


def resume(session: Session, mailing_id: int, *, now: datetime) -> None:
    """Go on with a paused mailing, or begin a scheduled one; its errors are counted from nothing again."""
    # The breaker locks its count before the mailing; so does this.
    session.execute(delete(MailingBreaker).where(MailingBreaker.mailing_id == mailing_id))
    mailing = _locked(session, mailing_id)
    _move(mailing, {MailingState.SCHEDULED, MailingState.PAUSED}, MailingState.SENDING)
    mailing.paused_at = mailing.paused_by = mailing.paused_reason = None


def stop(session: Session, mailing_id: int, *, now: datetime) -> int:
    """End a mailing for good; return how many messages were cancelled."""
    mailing = _locked(session, mailing_id)
    if mailing.state is MailingState.FINISHED:
        raise Conflict(f"“{mailing.title}” is finished; there is nothing left to stop.")
    if mailing.state is not MailingState.STOPPED:
        mailing.state = MailingState.STOPPED
        mailing.finished_at = now
    session.flush()
    return ledger.cancel_pending(session, mailing_id=mailing_id, reason="stopped", now=now)


def close_finished(session: Session, *, now: datetime) -> int:
    """Finish every mailing that is planned and has nothing pending; return how many."""
    month = (now - MONTH_GRACE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    session.execute(
        update(Mailing)
        .where(
            Mailing.stream == Stream.TRANSACTIONAL,
            Mailing.state == MailingState.SENDING,
            Mailing.planned.is_(False),
            Mailing.created_at < month,
        )
        .values(planned=True)
    )
    return _close(session, Mailing.id.is_not(None), now=now)


def reopen(session: Session, mailing_ids: Collection[int]) -> None:
    """Go on with mailings that counted as finished: a message of theirs is pending again after all."""
    if mailing_ids:
        session.execute(
            update(Mailing)
            .where(Mailing.id.in_(mailing_ids), Mailing.state == MailingState.FINISHED)
            .values(state=MailingState.SENDING, finished_at=None)
        )


def _close(session: Session, which: object, *, now: datetime) -> int:
    # Asked of the counters, which every snapshot sees together with the rows: no row is read.
    pending = (
        select(func.coalesce(func.sum(MailingTally.n), 0))
        .where(MailingTally.mailing_id == Mailing.id, MailingTally.state.in_(PENDING))
        .scalar_subquery()
    )
    finished = session.execute(
        update(Mailing)
        .where(which, Mailing.state == MailingState.SENDING, Mailing.planned, pending == 0)  # type: ignore[arg-type]
        .values(state=MailingState.FINISHED, finished_at=now)
        .returning(Mailing.id)
    )
    return len(finished.all())


def _locked(session: Session, mailing_id: int) -> Mailing:
    mailing = session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None:
        raise NotFound("There is no such mailing.")
    return mailing


def _move(mailing: Mailing, allowed: set[MailingState], target: MailingState) -> None:
    if mailing.state is target:
        return
    if mailing.state not in allowed:
        raise Conflict(f"“{mailing.title}” is {mailing.state}; it cannot become {target}.")
    mailing.state = target
