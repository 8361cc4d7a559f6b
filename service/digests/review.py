"""The review of a new edition: it is planned and held, until an operator approves it or the time is over.

A held edition is a paused mailing, so everything that holds for pauses holds for it: readers who join later,
unsubscribes, the red button. What an operator does not decide in time goes by itself: an editor who is ill
must not cost a million readers their Friday.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from service import audit
from service.delivery import mailings
from service.delivery.models import Mailing, MailingState
from service.digests.models import Edition
from service.errors import Conflict, NotFound
from service.newsletters.models import Newsletter, Rhythm

#: Who paused a mailing that waits for its review.
REVIEW = "review"


def begin(session: Session, edition: Edition, newsletter: Newsletter, *, now: datetime) -> None:
    """Hold a new edition, where its newsletter asks for it; people wait for first digests."""
    if not newsletter.review_minutes or edition.rhythm is Rhythm.FIRST:
        return
    until = now + timedelta(minutes=newsletter.review_minutes)
    edition.review_until = until
    mailings.pause(
        session,
        edition.mailing_id,
        now=now,
        by=REVIEW,
        reason=f"It waits for a review; unless held or stopped, it goes by itself at {until:%H:%M} UTC.",
    )


def is_over(now: datetime) -> ColumnElement[bool]:
    """Say whether there is an edition whose time for a review is over."""
    return exists().where(
        Edition.review_until <= now,
        Mailing.id == Edition.mailing_id,
        Mailing.state == MailingState.PAUSED,
        Mailing.paused_by == REVIEW,
    )


def release(session: Session, *, now: datetime) -> int:
    """Let editions go whose time is over; return how many."""
    waiting = session.scalars(
        select(Edition)
        .join(Mailing, Mailing.id == Edition.mailing_id)
        .where(Edition.review_until <= now, Mailing.state == MailingState.PAUSED, Mailing.paused_by == REVIEW)
        .order_by(Edition.mailing_id)
        # Whoever holds one at this very second comes first: what is asked for is asked again once it is ours.
        .with_for_update(of=Mailing)
    ).all()
    for edition in waiting:
        mailings.resume(session, edition.mailing_id, now=now)
        _note(session, "edition.review_over", edition, actor="system", now=now)
    return len(waiting)


def approve(session: Session, edition_id: int, *, actor: str, now: datetime) -> None:
    """Let an edition go before its time is over.

    :raises Conflict: it does not wait for a review any more.
    """
    edition = _waiting(session, edition_id)
    mailings.resume(session, edition.mailing_id, now=now)
    _note(session, "edition.approved", edition, actor=actor, now=now)


def keep(session: Session, edition_id: int, *, actor: str, now: datetime) -> None:
    """Hold an edition until somebody resumes it, whatever the time.

    :raises Conflict: it does not wait for a review any more.
    """
    edition = _waiting(session, edition_id)
    mailing = session.get_one(Mailing, edition.mailing_id)
    mailing.paused_by, mailing.paused_at, mailing.paused_reason = actor, now, None
    _note(session, "edition.held", edition, actor=actor, now=now)


def _waiting(session: Session, edition_id: int) -> Edition:
    edition = session.get(Edition, edition_id)
    if edition is None:
        raise NotFound("There is no such edition.")
    mailing = session.get_one(Mailing, edition.mailing_id, with_for_update=True, populate_existing=True)
    if mailing.state is not MailingState.PAUSED or mailing.paused_by != REVIEW:
        raise Conflict("This edition does not wait for a review any more.")
    return edition


def _note(session: Session, action: str, edition: Edition, *, actor: str, now: datetime) -> None:
    audit.record(session, actor=actor, action=action, subject=f"edition {edition.id}", now=now)
