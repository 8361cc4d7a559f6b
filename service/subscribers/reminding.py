"""Reminds once who signed up and did not confirm: a day later, and never twice."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery import suppression
from service.newsletters.models import Newsletter
from service.subscribers import addresses, caps, outgoing
from service.subscribers.models import Subscription, SubscriptionState
from service.subscribers.purging import UNCONFIRMED_KEPT
from service.tokens import AddressHasher

AFTER = timedelta(hours=24)
#: A link that ends within this is no help: after a long standstill nobody is reminded at the last minute.
LEAST_LEFT = timedelta(hours=24)
#: Subscriptions per transaction.
SLICE = 500


def remind(session: Session, *, hash_address: AddressHasher, now: datetime) -> int:
    """Write the reminders that are due, for one slice of those who wait; return how many were written.

    Whoever may not be mailed is passed over for good: suppressed addresses, and those that had as many mails
    as the caps allow.
    """
    written = 0
    for subscription in _lock_waiting(session, now=now):
        key = subscription.subscriber.email_key
        email_hash, inbox_hash = hash_address(key), hash_address(addresses.inbox_of(key))
        is_suppressed = suppression.find(
            session, [email_hash], list_id=subscription.newsletter_id, besides=(suppression.ERASED,)
        )
        if not is_suppressed and caps.may_remind(session, inbox_hash, subscription, now=now):
            outgoing.put_reminder(session, subscription, now=now)
            written += 1
        subscription.reminded_at = now
        session.flush()
    return written


def _lock_waiting(session: Session, *, now: datetime) -> list[Subscription]:
    return list(
        session.scalars(
            select(Subscription)
            .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
            .where(
                Subscription.state == SubscriptionState.PENDING,
                Subscription.requested_at <= now - AFTER,
                Subscription.requested_at > now - UNCONFIRMED_KEPT + LEAST_LEFT,
                Subscription.reminded_at.is_(None),
                Newsletter.closed_at.is_(None),
            )
            .order_by(Subscription.requested_at)
            .limit(SLICE)
            .with_for_update(of=Subscription, skip_locked=True)
            .execution_options(populate_existing=True)
        ).unique()
    )
