"""What a sign-up form offers, in words: topics with how much each brings, rhythms, days, and the forecast."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.digests import forecast
from service.languages import dates
from service.languages.words import _, n_
from service.newsletters.models import Newsletter, Rhythm, Topic
from service.newsletters.queries import find_offered
from service.subscribers.choices import RHYTHMS

WEEKS_A_MONTH = 4.35


@dataclass(frozen=True, slots=True)
class OfferedTopic:
    """A topic that can be chosen, and how much it brings."""

    topic: Topic
    #: "about 6 a week"
    brings: str
    from_article: bool


def topics(
    session: Session, newsletter: Newsletter, *, article_topic: Topic | None, now: datetime
) -> list[OfferedTopic]:
    """Return the open topics in the newsletter's order."""
    weekly = forecast.each_topic(session, newsletter, now=now)
    return [
        OfferedTopic(topic, brings(weekly[topic.id]), topic is article_topic)
        for topic in newsletter.open_topics
    ]


def find_topic(newsletter: Newsletter, name: str) -> Topic | None:
    """Find the topic of the article from which somebody comes, by slug or id; any text may be asked for."""
    if not name:
        return None
    by_id = next((each for each in newsletter.open_topics if name == str(each.id)), None)
    return by_id or find_offered(newsletter, name)


def rhythms() -> list[tuple[str, str]]:
    return [(rhythm.value, _(name)) for rhythm, name in RHYTHMS.items()]


def weekdays() -> list[tuple[int, str]]:
    """(ISO day, name), from Monday on."""
    return [(day, dates.weekday(day)) for day in range(1, 8)]


def sentence(
    session: Session,
    newsletter: Newsletter,
    *,
    topic_ids: Collection[int],
    rhythm: str | None,
    weekday: int | None,
    enough: int | None,
    now: datetime,
) -> str:
    """Say what a choice brings; what is no choice counts as the one that forms begin with."""
    chosen = {topic.id for topic in newsletter.open_topics} & set(topic_ids)
    known = {each.value for each in RHYTHMS}
    told = forecast.sentence(
        forecast.per_week(session, newsletter, topic_ids=chosen, now=now),
        rhythm=Rhythm(rhythm) if rhythm in known else newsletter.default_rhythm,
        weekday=weekday if weekday is not None and 1 <= weekday <= 7 else newsletter.default_weekday,
        least=newsletter.min_items,
        most=newsletter.max_items,
        enough=enough if enough is not None and 1 <= enough <= newsletter.max_items else newsletter.min_items,
    )
    return told if chosen else _("With every topic: %(forecast)s", forecast=told)


def brings(weekly: float) -> str:
    if weekly >= 0.75:
        return n_("about %(n)s a week", "about %(n)s a week", max(1, round(weekly)))
    if weekly > 0:
        return n_("about %(n)s a month", "about %(n)s a month", max(1, round(weekly * WEEKS_A_MONTH)))
    return _("nothing new of late")
