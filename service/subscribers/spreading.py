"""Days, hours and first slots of readers who come in crowds: an import is not due in one minute. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from service.newsletters.models import Rhythm
from service.subscribers import schedule

#: Steps of the golden ratio fall into the largest gap that is left, however many come.
_STEP = 0.6180339887498949
#: Steps of the square root of two, for a second choice that does not follow from the first.
_OTHER_STEP = 0.4142135623730951
#: When people read newsletters at a desk or on their way to it.
HOURS = (6, 7, 8, 9)
DAYS = (2, 3, 4, 5)
#: Over so many days those begin whose rhythm has no day of the week.
BEGINNINGS = 7


class Place(NamedTuple):
    """An ISO weekday, a local hour, and the first slot."""

    weekday: int
    hour: int
    next_due_at: datetime


def place(
    number: int,
    rhythm: Rhythm,
    *,
    time_zone: str,
    now: datetime,
    weekday: int | None = None,
    hour: int | None = None,
    days: Sequence[int] = DAYS,
    hours: Sequence[int] = HOURS,
) -> Place:
    """Return when the reader of this number in an import is written to, and for the first time.

    What the reader chose (`weekday`, `hour`) is a promise and stays; what nobody chose is spread evenly over
    `days` and `hours`. The first slot is not today's; where a rhythm has no day of the week, beginnings are
    spread over one as well. The same number gets the same place, so that an import may be run again.
    """
    cell = int(number * _STEP % 1 * len(days) * len(hours))
    chosen_day = days[cell // len(hours)] if weekday is None else weekday
    chosen_hour = hours[cell % len(hours)] if hour is None else hour
    wait = 0 if schedule.has_weekday(rhythm) else int(number * _OTHER_STEP % 1 * BEGINNINGS)
    return Place(chosen_day, chosen_hour, _first(rhythm, chosen_day, chosen_hour, time_zone, now, wait))


@lru_cache(maxsize=8192)
def _first(rhythm: Rhythm, weekday: int, hour: int, time_zone: str, now: datetime, wait: int) -> datetime:
    day = schedule.local_date(now, time_zone=time_zone) + timedelta(days=1 + wait)
    return schedule.first_due_on(day, rhythm, weekday=weekday, hour=hour, time_zone=time_zone, now=now)
