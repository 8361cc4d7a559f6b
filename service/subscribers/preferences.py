"""What a reader changes later: choices, announcements, a pause and its end."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from service.delivery import ledger
from service.errors import Conflict, NotFound
from service.languages.words import _
from service.subscribers import consent, reach
from service.subscribers.choices import Choices, check_pause
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscription, SubscriptionState
from service.subscribers.next_slot import next_slot
from service.subscribers.queries import lock

#: What a pause holds back; a mail that the reader asked for still comes.
_BULK = ("digest", "blast")


def change(
    session: Session,
    subscription_id: int,
    choices: Choices,
    *,
    circumstances: Circumstances,
    now: datetime,
) -> Subscription:
    """Save a reader's choices; what did not change leaves no trace.

    :raises InvalidInput: a choice that is not offered.
    :raises Conflict: the subscription is not active.
    """
    subscription = lock_active(session, subscription_id)
    # Topics of before may stay, and come back by undoing; `saving` asks that new ones are offered.
    choices.check(subscription.newsletter, kept=[topic.id for topic in subscription.newsletter.topics])
    before, slot_before = consent.choices(subscription), _slot(subscription)
    choices.apply(subscription)
    after = consent.choices(subscription)
    if before["announcements"] != after["announcements"]:
        on = subscription.announcements
        kind = ConsentKind.ANNOUNCEMENTS_ON if on else ConsentKind.ANNOUNCEMENTS_OFF
        consent.record(session, subscription, kind, circumstances=circumstances, now=now)
        if not on:
            ledger.cancel_pending(
                session,
                now=now,
                reason="announcements_off",
                subscriber_id=subscription.subscriber_id,
                subscription_id=subscription.id,
                kinds=("blast",),
            )
    changed = {name: value for name, value in after.items() if value != before[name]}
    if changed.keys() - {"announcements"}:
        was = {name: before[name] for name in changed}
        consent.record_change(session, subscription, was, changed, circumstances=circumstances, now=now)
    if _slot(subscription) != slot_before:
        # Only then: a digest that is due this minute must not slip a week because a topic was added.
        subscription.next_due_at = next_slot(session, subscription, now=now)
    session.flush()
    return subscription


def pause(
    session: Session,
    subscription_id: int,
    *,
    until: date,
    circumstances: Circumstances,
    now: datetime,
) -> Subscription:
    """Send nothing before `until`, a local day; mail comes again by itself from that day on.

    :raises InvalidInput: the day is not after today, or too far away.
    :raises Conflict: the subscription is not active.
    """
    subscription = lock_active(session, subscription_id)
    check_pause(until, today=reach.today(subscription, now=now))
    subscription.paused_until = until
    subscription.next_due_at = next_slot(session, subscription, now=now)
    consent.record(
        session,
        subscription,
        ConsentKind.PAUSED,
        circumstances=circumstances,
        now=now,
        details={"until": until.isoformat()},
    )
    session.flush()
    ledger.cancel_pending(
        session,
        now=now,
        reason="paused",
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
        kinds=_BULK,
    )
    return subscription


def resume(
    session: Session, subscription_id: int, *, circumstances: Circumstances, now: datetime
) -> Subscription:
    """End a pause early; without one nothing happens.

    :raises Conflict: the subscription is not active.
    """
    subscription = lock_active(session, subscription_id)
    if reach.is_paused(subscription, now=now):
        subscription.paused_until = None
        subscription.next_due_at = next_slot(session, subscription, now=now)
        consent.record(session, subscription, ConsentKind.RESUMED, circumstances=circumstances, now=now)
        session.flush()
    return subscription


def lock_active(session: Session, subscription_id: int) -> Subscription:
    """Return an active subscription, locked until the commit.

    :raises NotFound: it does not exist any more.
    :raises Conflict: it is not active.
    """
    subscription = lock(session, subscription_id)
    if subscription is None:
        raise NotFound(_("This subscription does not exist any more."))
    if subscription.state is not SubscriptionState.ACTIVE:
        raise Conflict(_("This subscription is not active. You can sign up again at any time."))
    return subscription


def _slot(subscription: Subscription) -> tuple[object, ...]:
    return (subscription.rhythm, subscription.weekday, subscription.hour, subscription.time_zone)
