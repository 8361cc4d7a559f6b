"""When to ask a source again. Pure."""

from datetime import datetime, timedelta

_LONGEST = timedelta(hours=24)
#: A server may ask for more patience than we would have, but not for ever.
_LONGEST_ASKED_FOR = timedelta(days=7)


def next_poll(poll_minutes: int, *, failures: int, retry_after: int | None, now: datetime) -> datetime:
    """Return the next moment: the usual interval, doubled per failure up to a day, or what was asked for."""
    usual = timedelta(minutes=poll_minutes)
    # Past ten doublings even a minute is more than half a day.
    doublings = min(max(failures - 1, 0), 11)
    wait = min(usual * (1 << doublings), max(_LONGEST, usual))
    asked = min(timedelta(seconds=retry_after or 0), _LONGEST_ASKED_FOR)
    return now + max(wait, asked)
