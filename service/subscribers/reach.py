"""Whether mail may reach a reader now, by the reader's own calendar."""

from datetime import date, datetime
from typing import Protocol

from service.subscribers import schedule
from service.subscribers.models import SubscriptionState


class Calendar(Protocol):
    """Where a reader's days begin, and from which on mail comes."""

    @property
    def paused_until(self) -> date | None: ...

    @property
    def time_zone(self) -> str: ...


class Standing(Calendar, Protocol):
    """What decides whether a reader may be mailed: a subscription, or the plain values of one."""

    @property
    def state(self) -> SubscriptionState: ...


def why_not(subscription: Standing | None, *, now: datetime) -> str | None:
    """Say in one stable word why what was planned must not go out any more; None when it may."""
    if subscription is None:
        return "erased"
    if subscription.state is not SubscriptionState.ACTIVE:
        return "unsubscribed"
    return "paused" if is_paused(subscription, now=now) else None


def is_paused(subscription: Calendar, *, now: datetime) -> bool:
    """Say whether the reader's pause lasts: until midnight, where they live, of the day they named."""
    until = subscription.paused_until
    return until is not None and today(subscription, now=now) < until


def today(subscription: Calendar, *, now: datetime) -> date:
    """Return the reader's own day."""
    return schedule.local_date(now, time_zone=known_zone(subscription))


def known_zone(subscription: Calendar) -> str:
    """Return the reader's zone; one that the time zone data has dropped must not stop everybody's mail."""
    return subscription.time_zone if schedule.is_time_zone(subscription.time_zone) else "UTC"
