"""When a blast shall go and in which parts: plain values, kept with the draft as JSON (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from service.errors import InvalidInput

#: Between the first zone on earth and the last there is a little more; whoever is there has been served.
A_DAY = timedelta(days=1)
FURTHEST = timedelta(days=92)
#: At the ends of the calendar there is no instant for every zone.
YEARS = range(2000, 2100)
LATEST_HOURS = (1, 72)
HOLD_MINUTES = (5, 24 * 60)
#: Fewer readers in a first part say nothing about the rest.
LEAST_FIRST = 20


class When(StrEnum):
    """At once, at one instant for all, or at one hour of each reader's own clock."""

    NOW = "now"
    AT = "at"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operator chose on the page before the last one."""

    when: When = When.NOW
    #: The time on a clock, without a zone: of `zone`, or of each reader.
    clock: datetime | None = None
    zone: str = "UTC"
    #: Whoever has not got it so many hours after their time does not get it; None waits for ever.
    latest_hours: int | None = None
    #: Percent of the audience that gets it first; None is all at once.
    first_percent: int | None = None
    #: How long the rest waits at least.
    hold_minutes: int = 10

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Read what `written` has made; nothing written is at once, to all."""
        values = dict(written)
        if "when" in values:
            values["when"] = When(values["when"])
        if values.get("clock") is not None:
            values["clock"] = datetime.fromisoformat(values["clock"])
        return cls(**values)

    def written(self) -> dict[str, Any]:
        clock = None if self.clock is None else self.clock.isoformat(timespec="minutes")
        return asdict(self) | {"when": self.when.value, "clock": clock}

    @property
    def latest(self) -> timedelta | None:
        return None if self.latest_hours is None else timedelta(hours=self.latest_hours)


def check(plan: Plan) -> None:
    """:raises InvalidInput: it says what cannot be, in a sentence beside the field."""
    if plan.when is not When.NOW and plan.clock is None:
        raise InvalidInput("Choose the day and the time.", field="clock")
    if plan.clock is not None and plan.clock.year not in YEARS:
        raise InvalidInput(f"Choose a day within the next {FURTHEST.days}.", field="clock")
    if plan.zone not in available_timezones():
        raise InvalidInput("Choose a time zone from the list.", field="zone")
    if plan.latest_hours is not None and not LATEST_HOURS[0] <= plan.latest_hours <= LATEST_HOURS[1]:
        raise InvalidInput(
            f"Choose between {LATEST_HOURS[0]} and {LATEST_HOURS[1]} hours.", field="latest_hours"
        )
    if plan.first_percent is None:
        return
    if not 1 <= plan.first_percent <= 50:
        raise InvalidInput("Choose between 1 and 50 percent.", field="first_percent")
    if not HOLD_MINUTES[0] <= plan.hold_minutes <= HOLD_MINUTES[1]:
        raise InvalidInput(
            f"Choose between {HOLD_MINUTES[0]} and {HOLD_MINUTES[1]:,} minutes.", field="hold_minutes"
        )
    if plan.when is When.LOCAL:
        raise InvalidInput(
            "A first part needs one time for all: with each reader’s own hour the rest would be on its way "
            "before anything is known.",
            field="first_percent",
        )


def first_instant(plan: Plan, *, zones: Iterable[str], undo: timedelta, now: datetime) -> datetime:
    """Return when the first mail may leave: not before the time to take it back is over.

    :raises InvalidInput: that time is over, too far away, or is left out by the change to summer time.
    """
    soonest = now + undo
    if plan.when is When.NOW or plan.clock is None:
        return soonest
    if plan.when is When.AT:
        wanted = _checked(plan.clock, plan.zone)
    else:
        wanted = min(local_instants(plan, zones).values(), default=_instant(plan.clock, plan.zone))
    if wanted < now:
        where = " where the day begins first" if plan.when is When.LOCAL else ""
        raise InvalidInput(f"That time is over{where}; choose a later one.", field="clock")
    if wanted > now + FURTHEST:
        raise InvalidInput(f"That is more than {FURTHEST.days} days away.", field="clock")
    return max(wanted, soonest)


def local_instants(plan: Plan, zones: Iterable[str]) -> dict[str, datetime]:
    """Return the instant of the plan's clock in each zone; an hour that summer time leaves out moves on."""
    clock = plan.clock
    known = available_timezones()
    return {} if clock is None else {zone: _instant(clock, zone) for zone in zones if zone in known}


def _checked(clock: datetime, zone: str) -> datetime:
    instant = _instant(clock, zone)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != clock:
        raise InvalidInput(
            "Clocks go forward on that day and leave this time out; choose one an hour later.", field="clock"
        )
    return instant


def _instant(clock: datetime, zone: str) -> datetime:
    return clock.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
