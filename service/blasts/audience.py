"""Who a blast goes to: active readers who consented to announcements and do not pause."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from service.blasts.models import Blast
from service.subscribers.models import ConsentEvent, ConsentKind, Subscription
from service.subscribers.queries import active_audience

#: Consents that make somebody part of an audience: given after the start, they come too late for this blast.
_JOINING = (ConsentKind.CONFIRMED, ConsentKind.ANNOUNCEMENTS_ON)


@dataclass(frozen=True, slots=True)
class Audience:
    """How many there are now, and the largest subscription id among them."""

    count: int
    until_id: int


def count(session: Session, blast: Blast, *, now: datetime) -> int:
    """Return how many readers the blast would go to now; suppressed ones are taken out while sending."""
    return measure(session, blast, now=now).count


def measure(session: Session, blast: Blast, *, now: datetime) -> Audience:
    """Count the audience and find its end in one look."""
    who = _who(blast, now=now).subquery()
    total, last = session.execute(select(func.count(), func.coalesce(func.max(who.c.id), 0))).one()
    return Audience(total, last)


def next_slice(blast: Blast, *, after_id: int, limit: int, now: datetime) -> Select[int, int]:
    """Select the next (subscription id, subscriber id) of the audience as it was when sending started."""
    joined_later = exists().where(
        ConsentEvent.subscription_id == Subscription.id,
        ConsentEvent.kind.in_(_JOINING),
        ConsentEvent.at > blast.started_at,
    )
    return (
        _who(blast, now=now)
        .where(Subscription.id > after_id, Subscription.id <= blast.fan_out_until, ~joined_later)
        .order_by(Subscription.id)
        .limit(limit)
    )


def _who(blast: Blast, *, now: datetime) -> Select[int, int]:
    return active_audience(blast.newsletter_id, topic_ids=blast.topic_ids, now=now)
