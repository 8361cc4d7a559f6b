"""When a reader's next digest comes after something changed: never a promise that planning would not keep.

An edition reaches a subscription once, and a local day has one digest. So a slot on a day that had one, or of
an edition that this reader is in already, would pass without a mail; it is not promised in the first place.
"""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from service.delivery import ledger
from service.newsletters.models import Rhythm
from service.subscribers import reach, schedule
from service.subscribers.models import Subscription


def edition_cause(newsletter_id: int, *, rhythm: Rhythm, period: str) -> str:
    """Name the cause of an edition's mailing, by which its rows are found: once per edition for ever."""
    return f"edition {newsletter_id} {rhythm} {period}"


def next_slot(session: Session, subscription: Subscription, *, now: datetime) -> datetime:
    """Return when mail comes next by what is chosen now; a digest that is due this minute stays due.

    After a pause it is the first slot on or after the day on which mail comes again.
    """
    owed = subscription.next_due_at
    first = _first(session, subscription, now=now)
    if owed is None or owed > now or reach.is_paused(subscription, now=now):
        return first
    if _period(subscription, owed) == _period(subscription, first):
        # The same edition, a little later.
        return first
    return first if _is_served(session, subscription, owed, now=now) else owed


def _first(session: Session, subscription: Subscription, *, now: datetime) -> datetime:
    zone = reach.known_zone(subscription)
    slot = schedule.first_due_on(
        _first_day(subscription, now=now),
        subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        time_zone=zone,
        now=now,
    )
    while _is_in_edition(session, subscription, slot):
        slot = schedule.next_due(
            subscription.rhythm,
            weekday=subscription.weekday,
            hour=subscription.hour,
            time_zone=zone,
            after=slot,
        )
    return slot


def _first_day(subscription: Subscription, *, now: datetime) -> date:
    day = reach.today(subscription, now=now)
    if subscription.paused_until is not None:
        day = max(day, subscription.paused_until)
    if subscription.first_digest_pending:
        # The first digest is today's.
        day = max(day, reach.today(subscription, now=now) + timedelta(days=1))
    if subscription.last_digest_on is not None:
        day = max(day, subscription.last_digest_on + timedelta(days=1))
    return day


def _is_served(session: Session, subscription: Subscription, slot: datetime, *, now: datetime) -> bool:
    last = subscription.last_digest_on
    today = last is not None and last >= reach.today(subscription, now=now)
    return today or _is_in_edition(session, subscription, slot)


def _is_in_edition(session: Session, subscription: Subscription, slot: datetime) -> bool:
    cause = edition_cause(
        subscription.newsletter_id, rhythm=subscription.rhythm, period=_period(subscription, slot)
    )
    return ledger.has(session, cause=cause, dedupe_key=f"subscription {subscription.id}")


def _period(subscription: Subscription, slot: datetime) -> str:
    day = schedule.local_date(slot, time_zone=reach.known_zone(subscription))
    return schedule.period_of(day, rhythm=subscription.rhythm)
