"""What the merge fields of a blast say of a reader, in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from service.emails.merging import Field
from service.languages import dates, speech
from service.languages.lists import joined
from service.newsletters.models import Rhythm
from service.subscribers import phrases, reach, schedule
from service.subscribers.emails import topic_names
from service.subscribers.models import Subscription


def values(
    *,
    topics: tuple[str, ...],
    rhythm: Rhythm,
    weekday: int,
    hour: int,
    enough: int,
    joined_on: date | None,
    locale: str,
) -> dict[str, str]:
    """Return them by name; a value is missing, or empty, where there is none and the fallback stands."""
    fixed = _of_choices(topics, rhythm, weekday, hour, enough, locale)
    if joined_on is None:
        return dict(fixed)
    return {**fixed, Field.JOINED: _month(joined_on.replace(day=1), locale)}


def of(subscription: Subscription) -> dict[str, str]:
    """Return those of one reader."""
    return values(
        topics=topic_names(subscription),
        rhythm=subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        enough=subscription.enough_items,
        joined_on=local_day(subscription.confirmed_at, time_zone=reach.known_zone(subscription)),
        locale=subscription.locale,
    )


def local_day(instant: datetime | None, *, time_zone: str) -> date | None:
    return schedule.local_date(instant, time_zone=time_zone) if instant is not None else None


# Readers of one blast have few different choices between them, and each costs as much as the rest of a mail.
@lru_cache(maxsize=4096)
def _of_choices(
    topics: tuple[str, ...], rhythm: Rhythm, weekday: int, hour: int, enough: int, locale: str
) -> Mapping[str, str]:
    with speech.speaking(locale):
        return {
            Field.TOPICS: joined(topics),
            Field.FIRST_TOPIC: topics[0] if topics else "",
            Field.RHYTHM: phrases.days_and_hour(rhythm, weekday=weekday, hour=hour, enough=enough),
        }


@lru_cache(maxsize=4096)
def _month(first_day: date, locale: str) -> str:
    with speech.speaking(locale):
        return dates.month(first_day)
