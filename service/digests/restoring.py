"""Gives windows back: what was in a mail that was cancelled, expired, failed or skipped comes again.

Skipped here means: at the last look, because its reader had paused meanwhile. A reader who was skipped when
planning kept the watermark and has nothing to get back. A message of unknown outcome gives nothing back
either: its articles may have arrived.
"""

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.delivery.models import Message, MessageState
from service.subscribers.models import Subscription

LOST = (MessageState.FAILED, MessageState.CANCELLED, MessageState.EXPIRED, MessageState.SKIPPED)
#: Readers per call; the next tick takes the next ones.
SLICE = 2_000

_GIVE_BACK = text(
    """
    WITH lost AS (
        UPDATE messages SET returned_at = :now
        WHERE subscription_id = ANY(:subscription_ids)
          AND state IN ('failed', 'cancelled', 'expired', 'skipped')
          AND recipe_id IS NOT NULL AND to_seq IS NOT NULL AND returned_at IS NULL
        RETURNING subscription_id, from_seq
    ), window_start AS (
        SELECT subscription_id, min(from_seq) AS seq FROM lost GROUP BY subscription_id
    )
    UPDATE subscriptions SET watermark = least(watermark, window_start.seq)
    FROM window_start WHERE subscriptions.id = window_start.subscription_id
    """
)


def give_back(session: Session, *, now: datetime) -> int:
    """Move the watermarks of readers who lost a digest back, once per message; return how many readers."""
    losers = session.scalars(
        select(Message.subscription_id)
        .where(
            Message.state.in_(LOST),
            Message.recipe_id.is_not(None),
            Message.to_seq.is_not(None),
            Message.returned_at.is_(None),
            Message.subscription_id.is_not(None),
        )
        .distinct()
        .limit(SLICE)
    ).all()
    if not losers:
        return 0
    # A planner that holds a reader gives the window back next time; the rows of erased readers only get
    # their mark.
    held = select(Subscription.id).where(Subscription.id.in_(losers)).with_for_update(skip_locked=True)
    locked = set(session.scalars(held.order_by(Subscription.id)))
    alive = set(session.scalars(select(Subscription.id).where(Subscription.id.in_(losers))))
    returned = locked | (set(losers) - alive)
    session.execute(_GIVE_BACK, {"subscription_ids": sorted(filter(None, returned)), "now": now})
    session.expire_all()
    return len(locked)
