"""After leaving: taking it back within a day, and saying why, if a reader cares to."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import Conflict
from service.languages.words import _
from service.subscribers import consent, queries
from service.subscribers.consent import Circumstances
from service.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    LeavingReason,
    Subscription,
    SubscriptionState,
)
from service.subscribers.next_slot import next_slot

#: A slip of the finger is noticed today; coming back later is a new sign-up with its own confirmation.
TAKES_BACK = timedelta(days=1)


def left_at(session: Session, subscription: Subscription, *, now: datetime) -> datetime | None:
    """Return when a reader left, if one press may still take it back.

    None for whoever never confirmed, left too long ago, or asked never to be mailed again.
    """
    return None if _leaving(session, subscription, now=now) is None else subscription.unsubscribed_at


def take_back(
    session: Session,
    subscription_id: int,
    *,
    left_at: datetime,
    circumstances: Circumstances,
    now: datetime,
) -> Sequence[Subscription]:
    """Make a reader what they were before one press of a button: on one list, or on all that it left.

    Pressing again changes nothing. Whoever never confirmed, or asked never to be mailed again, stays away.

    :raises Conflict: too late, or the reader has left once more since.
    """
    asked = queries.find(session, subscription_id)
    rows = [] if asked is None else queries.lock_all(session, asked.subscriber_id)
    back = []
    for row in rows:
        event = _leaving(session, row, now=now)
        if event is None or event.at != left_at:
            continue
        _restore(row, event.details)
        consent.record(session, row, ConsentKind.RETURNED, circumstances=circumstances, now=now)
        row.next_due_at = next_slot(session, row, now=now)
        back.append(row)
    session.flush()
    if back:
        return back
    if any(row.id == subscription_id and row.state is SubscriptionState.ACTIVE for row in rows):
        return [row for row in rows if row.id == subscription_id]
    raise Conflict(_("It is too late to take this back. You are welcome to sign up again."))


def say_why(session: Session, subscription_id: int, reason: LeavingReason) -> bool:
    """Keep why a reader has left; the latest word counts. False for somebody who is still there, or gone."""
    subscription = queries.lock(session, subscription_id)
    if subscription is None or subscription.state is not SubscriptionState.UNSUBSCRIBED:
        return False
    subscription.left_because = reason
    session.flush()
    return True


def count_reasons(session: Session, newsletter_id: int) -> dict[LeavingReason, int]:
    """Count what those said who have left a newsletter and have not come back; every reason is there."""
    rows = session.execute(
        select(Subscription.left_because, func.count())
        .where(Subscription.newsletter_id == newsletter_id, Subscription.left_because.is_not(None))
        .group_by(Subscription.left_because)
    )
    return dict.fromkeys(LeavingReason, 0) | {reason: n for reason, n in rows if reason is not None}


def _leaving(session: Session, subscription: Subscription, *, now: datetime) -> ConsentEvent | None:
    """Return the entry of a leaving that can be taken back."""
    moment = subscription.unsubscribed_at
    if (
        subscription.state is not SubscriptionState.UNSUBSCRIBED
        or moment is None
        or now - moment > TAKES_BACK
    ):
        return None
    event = session.scalars(
        select(ConsentEvent)
        .where(
            ConsentEvent.subscription_id == subscription.id,
            ConsentEvent.kind == ConsentKind.UNSUBSCRIBED,
            ConsentEvent.at == moment,
        )
        .order_by(ConsentEvent.id.desc())
        .limit(1)
    ).one_or_none()
    was_active = event is not None and event.details.get("was") == SubscriptionState.ACTIVE.value
    is_final = consent.last_word(session, subscription) is ConsentKind.NEVER_AGAIN
    return event if was_active and not is_final else None


def _restore(subscription: Subscription, details: dict[str, Any]) -> None:
    until = details["paused_until"]
    subscription.state = SubscriptionState.ACTIVE
    subscription.unsubscribed_at = None
    subscription.left_because = None
    subscription.announcements = details["announcements"]
    subscription.paused_until = None if until is None else date.fromisoformat(until)
    # Of a leaving before the feed was part of it nothing is known.
    subscription.feed_on = details.get("feed", False)
