"""Days and hours for readers who chose none: imported ones must not all be due in the same minute. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

#: Steps of the golden ratio fall into the largest gap that is left, however many come.
_STEP = 0.6180339887498949
#: When people read newsletters at a desk or on their way to it.
HOURS = (6, 7, 8, 9)
DAYS = (2, 3, 4, 5)


class Appointment(NamedTuple):
    """An ISO weekday and a local hour."""

    weekday: int
    hour: int


def appointment(number: int, *, days: Sequence[int] = DAYS, hours: Sequence[int] = HOURS) -> Appointment:
    """Return when the reader of this number in an import is written to.

    Always the same for the same number; any thousand in a row are spread evenly over all days and hours, so
    that a million take as many slots as there are, times the zones they live in. A reader who changes the
    hour on the preference page has it from then on.
    """
    place = int(number * _STEP % 1 * len(days) * len(hours))
    return Appointment(days[place // len(hours)], hours[place % len(hours)])
