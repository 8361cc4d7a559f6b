"""Deletes what is kept for a while only: unconfirmed requests, and the counters behind the caps."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.orm import Session

from service.subscribers.models import Subscriber, Subscription, SubscriptionState
from service.subscribers.signup_models import SignupAttempt, SignupRefusal

#: As long as a confirmation link works (standards 130).
UNCONFIRMED_KEPT = timedelta(days=7)
ATTEMPTS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Purged:
    """What remains of the deleted: numbers."""

    unconfirmed: int
    attempts: int


def purge_unconfirmed(session: Session, *, now: datetime) -> Purged:
    """Delete requests that nobody confirmed in time, with their proof and address, and old attempts.

    Somebody who was a reader once and did not confirm a new request stays what they were: unsubscribed.
    """
    overdue = (
        Subscription.state == SubscriptionState.PENDING,
        Subscription.requested_at <= now - UNCONFIRMED_KEPT,
    )
    session.execute(
        update(Subscription)
        .where(*overdue, Subscription.confirmed_at.is_not(None))
        .values(state=SubscriptionState.UNSUBSCRIBED, reminded_at=None)
    )
    session.execute(text("SELECT set_config('broadsheet.may_erase', 'yes', true)"))
    gone = session.scalars(
        delete(Subscription)
        .where(*overdue, Subscription.confirmed_at.is_(None))
        .returning(Subscription.subscriber_id)
    ).all()
    session.execute(text("SELECT set_config('broadsheet.may_erase', 'no', true)"))
    left = exists(select(Subscription.id).where(Subscription.subscriber_id == Subscriber.id))
    session.execute(delete(Subscriber).where(Subscriber.id.in_(gone), ~left))
    attempts = session.scalars(
        delete(SignupAttempt).where(SignupAttempt.at <= now - ATTEMPTS_KEPT).returning(SignupAttempt.id)
    ).all()
    session.execute(delete(SignupRefusal).where(SignupRefusal.hour <= now - ATTEMPTS_KEPT))
    return Purged(unconfirmed=len(gone), attempts=len(attempts))
