"""Two readers turn out to be one person: what they get goes to the second address from now on."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.delivery import ledger
from service.subscribers import consent, queries
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscriber, Subscription, SubscriptionState
from service.subscribers.next_slot import next_slot

#: What a reader set, and what they have had: it goes along.
_CARRIED = (
    "topic_ids",
    "excluded_topic_ids",
    "excluded_source_ids",
    "explore",
    "max_items",
    "rhythm",
    "weekday",
    "hour",
    "time_zone",
    "enough_items",
    "locale",
    "plain_text",
    "announcements",
    "paused_until",
    "first_digest_pending",
    "watermark",
    "last_digest_on",
    "confirmed_at",
)


def join(
    session: Session, mover: Subscriber, other: Subscriber, *, circumstances: Circumstances, now: datetime
) -> None:
    """Give the subscriptions of `mover` to `other`, and delete what nothing hangs on any more.

    A newsletter that both get comes once, as `other` has set it. One that `other` has left, or never
    confirmed, comes as `mover` has set it. The log of consent of every subscription stays with its row.
    """
    theirs = {row.newsletter_id: row for row in queries.lock_all(session, other.id)}
    for row in queries.lock_all(session, mover.id):
        twin = theirs.get(row.newsletter_id)
        if twin is None:
            hand_over(session, row, other, circumstances=circumstances, now=now)
        elif row.state is SubscriptionState.ACTIVE:
            if twin.state is not SubscriptionState.ACTIVE:
                carry(session, row, twin, circumstances=circumstances, now=now)
            close(session, row, circumstances=circumstances, now=now)
    session.flush()
    session.expire(mover)
    if not queries.lock_all(session, mover.id):
        session.delete(mover)
        session.flush()


def hand_over(
    session: Session, row: Subscription, other: Subscriber, *, circumstances: Circumstances, now: datetime
) -> None:
    """Let a subscription be another person's, with its mails."""
    ledger.hand_over(session, row.id, from_subscriber=row.subscriber_id, to_subscriber=other.id)
    row.subscriber = other
    consent.record(session, row, ConsentKind.ADDRESS_CHANGED, circumstances=circumstances, now=now)
    session.flush()


def carry(
    session: Session,
    row: Subscription,
    twin: Subscription,
    *,
    circumstances: Circumstances,
    now: datetime,
) -> None:
    """Give the choices of an active subscription to its twin, which becomes active by them."""
    for name in _CARRIED:
        value = getattr(row, name)
        setattr(twin, name, list(value) if isinstance(value, list) else value)
    twin.state = SubscriptionState.ACTIVE
    # A confirmation link that may still lie in that inbox is about another request.
    twin.generation += 1
    twin.unsubscribed_at, twin.left_because = None, None
    twin.next_due_at = next_slot(session, twin, now=now)
    consent.record(
        session,
        twin,
        ConsentKind.ADDRESS_CHANGED,
        circumstances=circumstances,
        now=now,
        details={"from": row.id, **consent.choices(twin)},
    )


def close(session: Session, row: Subscription, *, circumstances: Circumstances, now: datetime) -> None:
    """End a subscription that goes on elsewhere, with what is queued for it."""
    consent.record(
        session,
        row,
        ConsentKind.UNSUBSCRIBED,
        circumstances=circumstances,
        now=now,
        details={"was": "moved"},
    )
    row.state = SubscriptionState.UNSUBSCRIBED
    row.unsubscribed_at = now
    row.next_due_at, row.paused_until = None, None
    row.first_digest_pending, row.announcements = False, False
    session.flush()
    ledger.cancel_pending(
        session,
        now=now,
        reason="moved",
        subscriber_id=row.subscriber_id,
        subscription_id=row.id,
    )
