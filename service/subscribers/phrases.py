"""A rhythm in words, in the spoken language: "every Friday at 07:00".

Every day of the week has sentences of its own: in many languages its name changes inside one.
"""

from service.languages import dates
from service.languages.words import _, later, n_
from service.newsletters.models import Rhythm

#: By ISO weekday, Monday first.
_EVERY = (
    later("every Monday"),
    later("every Tuesday"),
    later("every Wednesday"),
    later("every Thursday"),
    later("every Friday"),
    later("every Saturday"),
    later("every Sunday"),
)
_EVERY_SECOND = (
    later("every second Monday"),
    later("every second Tuesday"),
    later("every second Wednesday"),
    later("every second Thursday"),
    later("every second Friday"),
    later("every second Saturday"),
    later("every second Sunday"),
)
_FIRST = (
    later("on the first Monday of every month"),
    later("on the first Tuesday of every month"),
    later("on the first Wednesday of every month"),
    later("on the first Thursday of every month"),
    later("on the first Friday of every month"),
    later("on the first Saturday of every month"),
    later("on the first Sunday of every month"),
)


def days(rhythm: Rhythm, *, weekday: int, enough: int) -> str:
    """Say the days only: "every Friday"; `enough` is how many articles the rhythm of that name waits for."""
    match rhythm:
        case Rhythm.DAILY:
            return _("every day")
        case Rhythm.WEEKDAYS:
            return _("on weekdays")
        case Rhythm.WEEKLY:
            return _(_EVERY[weekday - 1])
        case Rhythm.FORTNIGHTLY:
            return _(_EVERY_SECOND[weekday - 1])
        case Rhythm.MONTHLY:
            return _(_FIRST[weekday - 1])
        case Rhythm.ENOUGH:
            return n_("when %(n)s good article waits", "when %(n)s good articles wait", enough)
    raise ValueError(f"Nobody can choose the rhythm {rhythm!r}.")


def days_and_hour(rhythm: Rhythm, *, weekday: int, hour: int, enough: int) -> str:
    """every Friday at 07:00"""
    when, clock = days(rhythm, weekday=weekday, enough=enough), dates.time_of_day(hour)
    if rhythm is Rhythm.ENOUGH:
        return _("%(when)s, at %(time)s", when=when, time=clock)
    return _("%(when)s at %(time)s", when=when, time=clock)
