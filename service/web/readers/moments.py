"""Instants as the reader's own clock and calendar show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from service.emails.dates import long_date
from service.subscribers import reach
from service.subscribers.models import Subscription


def local(instant: datetime, subscription: Subscription) -> str:
    """Friday 27 November 2026, 07:00"""
    moment = instant.astimezone(ZoneInfo(reach.known_zone(subscription)))
    return f"{long_date(moment.date(), locale='en')}, {moment:%H:%M}"
