"""When a reader's next digest is due: local wall-clock time in, UTC instants out. Pure.

A local hour that a clock change leaves out moves forward by the gap; one that comes twice fires the first
time only. Monthly means the first chosen weekday of the month. Fortnights are counted from a fixed Monday and
are the same for everybody: by odd and even ISO weeks, a year of 53 weeks would have one fortnight of a week.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from service.newsletters.models import Rhythm

_FRIDAY = 5
#: Ends the period of a fortnight, which is named after its Monday.
FORTNIGHT = "+14"
_WEEK = 7


def next_due(rhythm: Rhythm, *, weekday: int, hour: int, time_zone: str, after: datetime) -> datetime:
    """Return the first slot strictly after `after`; `weekday` is ISO (Monday is 1), daily ignores it."""
    zone = ZoneInfo(time_zone)
    # Two days back: a slot of yesterday may have been moved forward past midnight by a clock change.
    day = after.astimezone(zone).date() - timedelta(days=2)
    while True:
        day = _next_day(rhythm, weekday=weekday, after=day)
        slot = _instant(day, hour=hour, zone=zone)
        if slot > after:
            return slot


def first_due_on(
    day: date, rhythm: Rhythm, *, weekday: int, hour: int, time_zone: str, now: datetime
) -> datetime:
    """Return the first slot on or after a local day, but never one that has passed: the end of a pause."""
    start = _instant(day, hour=0, zone=ZoneInfo(time_zone)) - timedelta(microseconds=1)
    return next_due(rhythm, weekday=weekday, hour=hour, time_zone=time_zone, after=max(start, now))


#: These look at every day.
_WITHOUT_WEEKDAY = {Rhythm.DAILY, Rhythm.WEEKDAYS, Rhythm.ENOUGH}


def has_weekday(rhythm: Rhythm) -> bool:
    """Say whether the reader's day of the week matters."""
    return rhythm not in _WITHOUT_WEEKDAY


def fortnight_of(day: date) -> date:
    """Return the Monday on which a day's fortnight begins."""
    # 1 January of the year 1 was a Monday; its ordinal is 1.
    return date.fromordinal((day.toordinal() - 1) // 14 * 14 + 1)


def period_of(day: date, *, rhythm: Rhythm) -> str:
    """Return the period that a day lies in: "2026-11-24", "2026-W48" (ISO), "2026-11-23+14", "2026-11"."""
    if rhythm is Rhythm.WEEKLY:
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    if rhythm is Rhythm.FORTNIGHTLY:
        return f"{fortnight_of(day).isoformat()}{FORTNIGHT}"
    if rhythm is Rhythm.MONTHLY:
        return f"{day.year}-{day.month:02d}"
    return day.isoformat()


def local_date(instant: datetime, *, time_zone: str) -> date:
    """Return the calendar day that a reader in this zone has at this instant."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


@cache
def time_zones() -> tuple[str, ...]:
    """Every zone that a reader may choose, in alphabetical order: places, and UTC."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith(_NO_PLACES))
    return ("UTC", *sorted(places))


def is_time_zone(name: str) -> bool:
    return name in _known()


_NO_PLACES = ("Brazil/", "Canada/", "Chile/", "Etc/", "Mexico/", "SystemV/", "US/", "posix/", "right/")


@cache
def _known() -> frozenset[str]:
    # Browsers also report old names and Etc/GMT+3; they are understood though nobody is offered them.
    return frozenset(available_timezones() - {"localtime", "Factory", "posixrules"})


def _next_day(rhythm: Rhythm, *, weekday: int, after: date) -> date:
    tomorrow = after + timedelta(days=1)
    if rhythm in {Rhythm.DAILY, Rhythm.ENOUGH}:
        return tomorrow
    if rhythm is Rhythm.WEEKDAYS:
        return tomorrow if tomorrow.isoweekday() <= _FRIDAY else _next_weekday(after, 1)
    if rhythm is Rhythm.WEEKLY:
        return _next_weekday(after, weekday)
    if rhythm is Rhythm.FORTNIGHTLY:
        day = _next_weekday(after, weekday)
        # In the first week of a fortnight.
        return day if (day - fortnight_of(day)).days < _WEEK else day + timedelta(days=7)
    if rhythm is Rhythm.MONTHLY:
        this_month = _first_weekday(after.replace(day=1), weekday)
        if this_month > after:
            return this_month
        return _first_weekday((after.replace(day=1) + timedelta(days=32)).replace(day=1), weekday)
    raise ValueError(f"Nobody can choose the rhythm {rhythm!r}.")


def _next_weekday(after: date, weekday: int) -> date:
    return after + timedelta(days=(weekday - after.isoweekday() - 1) % 7 + 1)


def _first_weekday(first: date, weekday: int) -> date:
    return first + timedelta(days=(weekday - first.isoweekday()) % 7)


def _instant(day: date, *, hour: int, zone: ZoneInfo) -> datetime:
    # fold=0: the first of two equal hours; for an hour that does not exist, the offset before the gap.
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
