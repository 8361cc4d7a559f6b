"""How long after its time a mail was sent: steps of a fifth, so that a mailing needs some sixty counters."""

import math
from collections.abc import Mapping
from datetime import datetime

from service.delivery.due import Due
from service.delivery.streams import Stream

#: One step is so many times the one before: a percentile is right to a tenth.
BASE = 1.2
_LOG = math.log(BASE)


def step_of(message: Due, sent_at: datetime) -> int:
    """Return the step of a message that was sent at this moment; 0 is within a second."""
    seconds = (sent_at - time_of(message)).total_seconds()
    return int(math.log(seconds) / _LOG) + 1 if seconds > 1 else 0


def time_of(message: Due) -> datetime:
    """Return when a message should have left: the reader's slot, where its planner has noted it.

    `due_at` moves with every try and every wait for a slow domain; it says so only for a blast's first try.
    """
    slot = message.details.get("slot_at")
    if isinstance(slot, str):
        return datetime.fromisoformat(slot)
    if message.stream is Stream.BLAST and not message.attempts:
        return message.due_at
    return min(message.created_at, message.due_at)


def seconds_of(step: int) -> float:
    """Return the middle of a step."""
    return 0.5 if step <= 0 else float(BASE ** (step - 0.5))


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the seconds within which this share of the counted messages was sent; None for no messages."""
    whole = sum(counts.values())
    if whole <= 0:
        return None
    passed = 0
    for step in sorted(counts):
        passed += counts[step]
        if passed >= share * whole:
            return seconds_of(step)
    return seconds_of(max(counts))
