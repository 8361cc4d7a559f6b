"""Reader's slots as somebody would find them with a paper calendar: day by day, to check the quick way."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from service.newsletters.models import Rhythm

#: Began a fortnight.
ANCHOR = date(2015, 1, 5)


def slots(rhythm: Rhythm, weekday: int, hour: int, zone: str, *, since: date) -> Iterator[datetime]:
    """Yield the slots of every day from a little before `since` on, in order."""
    day = since - timedelta(days=3)
    while True:
        week, own = (day - ANCHOR).days // 7, day.isoweekday() == weekday
        wanted = {
            Rhythm.WEEKDAYS: day.isoweekday() < 6,
            Rhythm.WEEKLY: own,
            Rhythm.FORTNIGHTLY: own and week % 2 == 0,
            Rhythm.MONTHLY: own and day.day <= 7,
        }.get(rhythm, True)
        if wanted:
            yield datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        day += timedelta(days=1)


def next_slot(rhythm: Rhythm, weekday: int, hour: int, zone: str, *, after: datetime) -> datetime:
    """Return the first slot after an instant."""
    found = slots(rhythm, weekday, hour, zone, since=after.date())
    return next(slot for slot in found if slot > after)
