"""What a sender has seen and confirmed: it must be what goes, to the letter."""

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import inspect

from service.blasts.models import Blast
from service.errors import Conflict

#: Columns that say how far a blast has come. All others are what its readers get, and who they are.
_PROGRESS = frozenset(
    {
        *("state", "send_at", "scheduled_at", "requested_by", "approved_by", "held_until", "released_at"),
        *("winner", "watched", "ended_because", "archived_at", "mailing_id", "recipe_id", "confirmed_count"),
        *("fan_out_after", "fan_out_until", "created_by", "created_at", "started_at", "finished_at"),
        # Decided at any time, and no matter of who gets what.
        "in_archive",
        "segment_id",
    }
)


#: What each of two pages changes.
AUDIENCE = ("audience", "topic_ids")
PLAN = ("plan", "subject_b")


def fingerprint(blast: Blast) -> str:
    """Name the content, audience and plan of a blast as they are; any change gives another name."""
    names = [column.key for column in inspect(Blast).column_attrs if column.key not in _PROGRESS]
    return mark(blast, names)


def mark(blast: Blast, columns: Iterable[str]) -> str:
    """Name these columns of a blast as they are."""
    names = sorted(columns)
    written = json.dumps([[name, getattr(blast, name)] for name in names], sort_keys=True, default=str)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def check(blast: Blast, seen: str) -> None:
    """:raises Conflict: it was changed after somebody looked at it."""
    if fingerprint(blast) != seen:
        raise Conflict(
            "Somebody has changed this blast since you opened this page. Look at it as it is now, and "
            "confirm it again."
        )
