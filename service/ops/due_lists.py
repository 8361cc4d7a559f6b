"""Who is due on a day of the calendar, as conditions of a list of readers: those whom the calendar counts."""

import json
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from service.newsletters.models import Rhythm
from service.subscribers import schedule

# A slot is on a day if the reader's next one is not after its end, where the reader lives.
_DUE = (
    "NOT first_digest_pending",
    "next_due_at > :now",
    "(paused_until IS NULL OR paused_until <= :due)",
    "next_due_at < CAST(coalesce(CAST(:ends AS jsonb) ->> time_zone, :end) AS timestamptz)",
)


def conditions(rhythm: Rhythm | None, *, due: date | None) -> list[str]:
    """Return what holds for a subscription of this rhythm whose digest is due on this day of its reader."""
    if rhythm is None:
        return []
    # Written out, so that the index of the rare rhythms is seen to fit.
    found = [f"rhythm = '{rhythm.value}'"]
    if due is not None:
        found += _DUE
        if schedule.has_weekday(rhythm):
            found.append("weekday = :weekday")
    return found


def values(rhythm: Rhythm | None, *, due: date | None, now: datetime) -> dict[str, object]:
    """Return what the conditions are about."""
    found: dict[str, object] = {"now": now}
    if rhythm is not None and due is not None:
        tomorrow = datetime.combine(due + timedelta(days=1), time())
        ends = {name: tomorrow.replace(tzinfo=zone).astimezone(UTC).isoformat() for name, zone in _zones()}
        found |= {
            "due": due,
            "weekday": due.isoweekday(),
            "ends": json.dumps(ends),
            "end": tomorrow.replace(tzinfo=UTC).isoformat(),
        }
    return found


@cache
def _zones() -> tuple[tuple[str, ZoneInfo], ...]:
    # Kept: to find and read the files of six hundred zones takes longer than everything else of a page.
    return tuple((name, ZoneInfo(name)) for name in sorted(available_timezones()))
