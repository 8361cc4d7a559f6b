"""A reader's own feed: turned on, given a new address, turned off. The old address then leads nowhere."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.subscribers import consent
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscription
from service.subscribers.preferences import lock_active


def turn_on(
    session: Session, subscription_id: int, *, circumstances: Circumstances, now: datetime
) -> Subscription:
    """Let the feed be read, under an address that nobody has had; also ends the address before it.

    :raises NotFound: the subscription does not exist any more.
    :raises Conflict: it is not active.
    """
    subscription = lock_active(session, subscription_id)
    subscription.feed_generation += 1
    subscription.feed_on = True
    _record(session, subscription, "on", circumstances=circumstances, now=now)
    return subscription


def turn_off(
    session: Session, subscription_id: int, *, circumstances: Circumstances, now: datetime
) -> Subscription:
    """End the feed and its address; without one nothing happens.

    :raises NotFound: the subscription does not exist any more.
    :raises Conflict: it is not active.
    """
    subscription = lock_active(session, subscription_id)
    if subscription.feed_on:
        subscription.feed_on = False
        _record(session, subscription, "off", circumstances=circumstances, now=now)
    return subscription


def _record(
    session: Session, subscription: Subscription, feed: str, *, circumstances: Circumstances, now: datetime
) -> None:
    consent.record(
        session,
        subscription,
        ConsentKind.PREFERENCES_CHANGED,
        circumstances=circumstances,
        now=now,
        details={"feed": feed},
    )
    session.flush()
