"""Instants as the reader's own clock and calendar show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from service.languages import dates
from service.subscribers import reach
from service.subscribers.models import Subscription


def local(instant: datetime, subscription: Subscription) -> str:
    """Friday 27 November 2026, 07:00"""
    return dates.moment(instant.astimezone(ZoneInfo(reach.known_zone(subscription))))
