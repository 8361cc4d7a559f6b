"""The house itself as a reader: of all topics, when the sign-up form proposes."""

from dataclasses import dataclass, field
from datetime import date, datetime

from service.digests import slots
from service.digests.slots import Slot
from service.newsletters.models import Newsletter, Rhythm


@dataclass(frozen=True, slots=True)
class House:
    """When a newsletter's editions come out for the public."""

    newsletter_id: int
    rhythm: Rhythm
    hour: int
    time_zone: str
    weekday: int
    paused_until: date | None = field(default=None, init=False)
    next_due_at: datetime | None = field(default=None, init=False)


def latest_slot(newsletter: Newsletter, *, rhythm: Rhythm, now: datetime) -> Slot:
    """Return the slot of the latest edition that has come out, or should have; `today` is its own day."""
    house = House(
        newsletter.id,
        rhythm,
        newsletter.default_hour,
        newsletter.time_zone,
        newsletter.default_weekday,
    )
    at = slots.latest(house, now=now)
    return slots.slot_of(house, now=at)
