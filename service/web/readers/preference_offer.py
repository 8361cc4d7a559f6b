"""What the preference page offers, in words: topics and sources with how much each brings, and the rest."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.digests import forecast
from service.languages import dates
from service.newsletters.models import Newsletter
from service.web.readers import offer

#: From so many on the chosen ones stand first, and there is a field to search in.
MANY = 13


@dataclass(frozen=True, slots=True)
class Offered:
    """A topic or a source, and how much it brings."""

    id: int
    name: str
    description: str
    #: "about 6 a week"
    brings: str


def topics(session: Session, newsletter: Newsletter, *, now: datetime) -> list[Offered]:
    """Return the open topics in the newsletter's order."""
    weekly = forecast.each_topic(session, newsletter, now=now)
    return [
        Offered(topic.id, topic.name, topic.description, offer.brings(weekly[topic.id]))
        for topic in newsletter.open_topics
    ]


def sources(
    session: Session, newsletter: Newsletter, *, muted: Collection[int], now: datetime
) -> list[Offered]:
    """Return the sources that bring something, and those that are muted; one alone is no choice."""
    found = forecast.each_source(session, newsletter, now=now)
    worth = [one for one in found if one.weekly > 0 or one.id in muted]
    if len(found) < 2:
        return []
    return [Offered(one.id, one.name, "", offer.brings(one.weekly)) for one in worth]


def hours() -> list[tuple[int, str]]:
    """(hour, as clocks show it): (7, "07:00")."""
    return [(hour, dates.time_of_day(hour)) for hour in range(24)]
