"""Time: aware UTC instants, taken at the entry points and handed down as `now`."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current instant; only views, tasks and commands call this."""
    return datetime.now(UTC)
