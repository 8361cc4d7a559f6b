"""What narrows an audience: plain values, joined by AND, written into blasts and segments as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Self

from service.errors import InvalidInput
from service.newsletters.models import Rhythm

#: Raw clicks are kept so long; nobody can be asked about more.
CLICKED_DAYS = 30
#: Addresses of one hand-made list.
LONGEST_LIST = 20_000
#: Whoever types another year has slipped; at the ends of the calendar there is no day before or after.
YEARS = range(2000, 2100)
_DATES = ("joined_after", "joined_before")


@dataclass(frozen=True, slots=True)
class Criteria:
    """Every one that is set must hold; an empty one narrows nothing."""

    topics_any: tuple[int, ...] = ()
    topics_all: tuple[int, ...] = ()
    topics_none: tuple[int, ...] = ()
    rhythms: tuple[str, ...] = ()
    #: BCP 47
    locales: tuple[str, ...] = ()
    #: IANA names
    zones: tuple[str, ...] = ()
    #: First and last day, UTC, on which somebody confirmed.
    joined_after: date | None = None
    joined_before: date | None = None
    #: Followed a link within so many days; only readers who asked to be recognised are known by that.
    clicked_days: int | None = None
    #: Mailings: got this one; was to get it and did not; did not get it for whatever reason.
    got: int | None = None
    missed: int | None = None
    without: int | None = None
    #: Mailings of the same text: who got one has it. Set where a blast is sent again, by nobody's hand.
    served: tuple[int, ...] = ()
    #: Subscriptions that a pasted list of addresses was matched to. None is no list, an empty one is nobody.
    listed: tuple[int, ...] | None = None

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Read what `written` has made."""
        values: dict[str, Any] = {}
        for key, value in written.items():
            if key in _DATES:
                value = date.fromisoformat(value)
            values[key] = tuple(value) if isinstance(value, list) else value
        return cls(**values)

    def written(self) -> dict[str, Any]:
        """Return JSON with only what is set, always in the same order."""
        found: dict[str, Any] = {}
        for key, value in asdict(self).items():
            if isinstance(value, date):
                found[key] = value.isoformat()
            elif isinstance(value, tuple):
                if value or key == "listed":
                    found[key] = sorted(set(value))
            elif value is not None:
                found[key] = value
        return found

    @property
    def is_everybody(self) -> bool:
        return not self.written()

    def without_topics(self) -> Self:
        return replace(self, topics_any=())


def check(criteria: Criteria) -> None:
    """:raises InvalidInput: it asks for what cannot be, or for nobody."""
    both = {*criteria.topics_any, *criteria.topics_all} & set(criteria.topics_none)
    if both:
        raise InvalidInput(
            "A topic is asked for and ruled out at once; nobody would be left.", field="topics_none"
        )
    if set(criteria.rhythms) - set(Rhythm):
        raise InvalidInput("Choose rhythms from the list.", field="rhythms")
    after, before = criteria.joined_after, criteria.joined_before
    if after is not None and before is not None and after > before:
        raise InvalidInput("The first day is after the last one; nobody joined then.", field="joined_before")
    for field, day in (("joined_after", after), ("joined_before", before)):
        if day is not None and day.year not in YEARS:
            raise InvalidInput("Choose a day of this century.", field=field)
    days = criteria.clicked_days
    if days is not None and not 1 <= days <= CLICKED_DAYS:
        raise InvalidInput(
            f"Choose between 1 and {CLICKED_DAYS} days: single clicks are not kept longer.",
            field="clicked_days",
        )
    if criteria.listed is not None and len(criteria.listed) > LONGEST_LIST:
        raise InvalidInput(
            f"The list has {len(criteria.listed):,} readers; {LONGEST_LIST:,} is the most.", field="addresses"
        )
