"""How many readers there are, came, went, and are due: each number read from an index made for its list."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.newsletters.models import Newsletter
from service.subscribers.models import Subscription, SubscriptionState

#: As the readers' lists know them (ops/reader_list.py), by what was declared.
_CAME_AND_WENT = text(
    """
    SELECT count(*) FILTER (WHERE kind IN ('confirmed', 'returned')) AS came,
        count(*) FILTER (WHERE kind IN ('unsubscribed', 'never_again')) AS went
    FROM consent_events
    WHERE kind IN ('confirmed', 'returned', 'unsubscribed', 'never_again') AND at >= :since
      AND coalesce(details ->> 'was', '') NOT IN ('pending', 'moved')
    """
)


def count_state(session: Session, state: SubscriptionState) -> int:
    """Count the subscriptions in one state, of all newsletters."""
    return session.scalar(select(func.count()).where(Subscription.state == state)) or 0


def came_and_went(session: Session, *, since: datetime) -> tuple[int, int]:
    """Count who confirmed or came back, and who left, since then."""
    came, went = session.execute(_CAME_AND_WENT, {"since": since}).one()
    return came, went


def due_by_hour(session: Session, *, now: datetime, horizon: timedelta) -> tuple[tuple[datetime, int], ...]:
    """Return (start of the hour, readers due in it), also of those that are late."""
    hour = func.date_trunc("hour", Subscription.next_due_at, "UTC")
    # Names the newsletters, because the index of what is due begins with them.
    rows = session.execute(
        select(hour, func.count())
        .where(
            Subscription.newsletter_id.in_(select(Newsletter.id)),
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.next_due_at < now + horizon,
        )
        .group_by(hour)
        .order_by(hour)
    )
    return tuple((start, n) for start, n in rows)
