"""Who a blast goes to: active readers who consented to announcements and do not pause."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, distinct, exists, func, select
from sqlalchemy.orm import Session

from service.blasts.models import Blast
from service.subscribers.models import ConsentEvent, ConsentKind, Subscription
from service.subscribers.queries import active_audience

#: Consents that make somebody part of an audience: given after the start, they come too late for this blast.
_JOINING = (ConsentKind.CONFIRMED, ConsentKind.ANNOUNCEMENTS_ON)


@dataclass(frozen=True, slots=True)
class Audience:
    """How many there are now, between which subscription ids (after the one, until the other), and what
    languages they read (BCP 47).
    """

    count: int
    after_id: int
    until_id: int
    locales: frozenset[str]


def count(session: Session, blast: Blast, *, now: datetime) -> int:
    """Return how many readers the blast would go to now; suppressed ones are taken out while sending."""
    return measure(session, blast, now=now).count


def measure(session: Session, blast: Blast, *, now: datetime) -> Audience:
    """Count the audience and find its ends in one look."""
    who = _who(blast, now=now).add_columns(Subscription.locale).subquery()
    first, last = func.min(who.c.id) - 1, func.max(who.c.id)
    locales = func.array_agg(distinct(who.c.locale))
    total, after_id, until_id, read = session.execute(select(func.count(), first, last, locales)).one()
    return Audience(total, after_id or 0, until_id or 0, frozenset(read or ()))


def within(
    blast: Blast, *, after_id: int, up_to_id: int, reads: ColumnElement[bool], now: datetime
) -> Select[int, int]:
    """Select (subscription id, subscriber id) of a part of the audience as it was when sending started.

    `reads` narrows it to those who read one language.
    """
    joined_later = exists().where(
        ConsentEvent.subscription_id == Subscription.id,
        # Says again what follows from the line above: without it each slice would read the whole consent log.
        ConsentEvent.subscription_id > after_id,
        ConsentEvent.subscription_id <= up_to_id,
        ConsentEvent.kind.in_(_JOINING),
        ConsentEvent.at > blast.started_at,
    )
    return _who(blast, now=now).where(
        Subscription.id > after_id, Subscription.id <= up_to_id, reads, ~joined_later
    )


def _who(blast: Blast, *, now: datetime) -> Select[int, int]:
    return active_audience(blast.newsletter_id, topic_ids=blast.topic_ids, now=now)
