"""When the period of an edition begins and ends, and what people call it (pure)."""

from datetime import UTC, date, datetime, time, timedelta

from service.newsletters.models import Rhythm
from service.subscribers.schedule import FORTNIGHT

#: Somewhere on Earth it is still yesterday until noon UTC (UTC-12).
_LAST_ZONE = timedelta(hours=12)

_LABELS = {
    Rhythm.DAILY: "Daily,",
    Rhythm.WEEKDAYS: "Weekdays,",
    Rhythm.FORTNIGHTLY: "Every two weeks, from",
    Rhythm.ENOUGH: "When enough waits,",
    Rhythm.FIRST: "First digests,",
}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def first_day(period: str, *, rhythm: Rhythm) -> date:
    """Return the first local day of a period."""
    if rhythm is Rhythm.WEEKLY:
        year, _, week = period.partition("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    if rhythm is Rhythm.FORTNIGHTLY:
        return date.fromisoformat(period.removesuffix(FORTNIGHT))
    if rhythm is Rhythm.MONTHLY:
        year, _, month = period.partition("-")
        return date(int(year), int(month), 1)
    return date.fromisoformat(period)


def over_at(period: str, *, rhythm: Rhythm) -> datetime:
    """Return the instant at which no time zone on Earth is in this period any more."""
    first = first_day(period, rhythm=rhythm)
    if rhythm is Rhythm.WEEKLY:
        after = first + timedelta(days=7)
    elif rhythm is Rhythm.FORTNIGHTLY:
        after = first + timedelta(days=14)
    elif rhythm is Rhythm.MONTHLY:
        after = (first + timedelta(days=31)).replace(day=1)
    else:
        after = first + timedelta(days=1)
    return datetime.combine(after, time(0), tzinfo=UTC) + _LAST_ZONE


def name_for_people(period: str, *, rhythm: Rhythm) -> str:
    """Daily, 24 November 2026 · Weekly, week 48 of 2026 · Monthly, November 2026"""
    first = first_day(period, rhythm=rhythm)
    if rhythm is Rhythm.WEEKLY:
        year, _, week = period.partition("-W")
        return f"Weekly, week {int(week)} of {year}"
    if rhythm is Rhythm.MONTHLY:
        return f"Monthly, {_MONTHS[first.month - 1]} {first.year}"
    return f"{_LABELS[rhythm]} {first.day} {_MONTHS[first.month - 1]} {first.year}"


def title(newsletter: str, *, rhythm: Rhythm, period: str) -> str:
    """The Harbour Courier · Weekly, week 48 of 2026"""
    return f"{newsletter} · {name_for_people(period, rhythm=rhythm)}"
