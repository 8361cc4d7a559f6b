"""Instants as people say them: "3 minutes ago", "in 2 hours", "12 November"."""

from datetime import datetime, timedelta

_STEPS = (
    (timedelta(minutes=1), 1, "second"),
    (timedelta(hours=1), 60, "minute"),
    (timedelta(days=1), 3600, "hour"),
)


def ago(instant: datetime, *, now: datetime) -> str:
    """Say how far an instant is from now; beyond a week, its date."""
    distance = abs(now - instant)
    if distance < timedelta(seconds=5):
        return "just now"
    if distance >= timedelta(days=7):
        return f"{instant.day} {instant:%B %Y}" if instant.year != now.year else f"{instant.day} {instant:%B}"
    seconds, word = next(((size, word) for limit, size, word in _STEPS if distance < limit), (86400, "day"))
    number = int(distance.total_seconds() // seconds)
    phrase = f"{number} {word}" if number == 1 else f"{number} {word}s"
    return f"{phrase} ago" if instant <= now else f"in {phrase}"
