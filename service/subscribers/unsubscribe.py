"""Leaving: one list at once, or never to be mailed again. Both are idempotent."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.delivery import ledger, suppression
from service.subscribers import consent, queries
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscription, SubscriptionState
from service.tokens import AddressHasher


def unsubscribe(
    session: Session,
    subscription_id: int,
    *,
    circumstances: Circumstances,
    now: datetime,
    mailing_id: int | None = None,
) -> Subscription | None:
    """Take the reader off this list and cancel what is queued; None when the row is gone already.

    `mailing_id` names the mail whose link was used.
    """
    subscription = queries.lock(session, subscription_id)
    if subscription is None:
        return None
    if subscription.state is not SubscriptionState.UNSUBSCRIBED:
        _unsubscribe(session, subscription, circumstances=circumstances, now=now, mailing_id=mailing_id)
    # Also on a repeat: whatever was queued meanwhile must not go out either.
    ledger.cancel_pending(
        session,
        now=now,
        reason="unsubscribed",
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
    )
    return subscription


def unsubscribe_all(
    session: Session,
    subscription_id: int,
    *,
    circumstances: Circumstances,
    now: datetime,
    mailing_id: int | None = None,
) -> Subscription | None:
    """Take the reader off this list and every other one of this installation; None when nothing is known."""
    asked = queries.find(session, subscription_id)
    if asked is None:
        return None
    for subscription in queries.lock_all(session, asked.subscriber_id):
        if subscription.state is not SubscriptionState.UNSUBSCRIBED:
            _unsubscribe(session, subscription, circumstances=circumstances, now=now, mailing_id=mailing_id)
    ledger.cancel_pending(session, now=now, reason="unsubscribed", subscriber_id=asked.subscriber_id)
    return asked


def never_again(
    session: Session,
    subscription_id: int,
    *,
    hash_address: AddressHasher,
    circumstances: Circumstances,
    now: datetime,
) -> bool:
    """Suppress the address everywhere and leave every list; False when nothing is known of it any more."""
    asked = queries.find(session, subscription_id)
    if asked is None:
        return False
    subscriber = asked.subscriber
    rows = queries.lock_all(session, subscriber.id)
    suppression.suppress(
        session,
        hash_address(subscriber.email_key),
        reason="never_again",
        now=now,
        subscriber_id=subscriber.id,
    )
    for subscription in rows:
        has_left = subscription.state is SubscriptionState.UNSUBSCRIBED
        # Also of one who has left already: it ends the way back.
        if not has_left or not _said_never(session, subscription):
            consent.record(
                session, subscription, ConsentKind.NEVER_AGAIN, circumstances=circumstances, now=now
            )
        if not has_left:
            _leave(session, subscription, now=now)
    ledger.cancel_pending(session, now=now, reason="suppressed", subscriber_id=subscriber.id)
    return True


def _said_never(session: Session, subscription: Subscription) -> bool:
    """Say whether the last word of a reader who has left is never to be mailed again."""
    return consent.last_word(session, subscription) is ConsentKind.NEVER_AGAIN


def _unsubscribe(
    session: Session,
    subscription: Subscription,
    *,
    circumstances: Circumstances,
    now: datetime,
    mailing_id: int | None,
) -> None:
    until = subscription.paused_until
    # What leaving puts out, for the button that takes it back.
    details = {
        "was": subscription.state.value,
        "announcements": subscription.announcements,
        "paused_until": None if until is None else until.isoformat(),
        "feed": subscription.feed_on,
        **({} if mailing_id is None else {"mailing": mailing_id}),
    }
    consent.record(
        session,
        subscription,
        ConsentKind.UNSUBSCRIBED,
        circumstances=circumstances,
        now=now,
        details=details,
    )
    _leave(session, subscription, now=now)


def _leave(session: Session, subscription: Subscription, *, now: datetime) -> None:
    subscription.state = SubscriptionState.UNSUBSCRIBED
    subscription.unsubscribed_at = now
    subscription.next_due_at = None
    subscription.first_digest_pending = False
    subscription.paused_until = None
    subscription.announcements = False
    subscription.recognition_key = None
    # Whoever signs up again later has not asked for a feed: its address may be anywhere by then.
    subscription.feed_on = False
    session.flush()
