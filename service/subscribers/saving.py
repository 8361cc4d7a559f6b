"""Everything that a reader may set, as one set of plain values: saved in part, and taken back as a whole.

Each save says what it changed, from what and to what. Taking it back sends the former values, and is refused
once any of them has been changed again: an old button must not undo what it does not show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from service.errors import Conflict
from service.languages.words import _
from service.newsletters.models import Rhythm
from service.subscribers import filters, mail_format, preferences, reach
from service.subscribers.choices import Choices, check_offered
from service.subscribers.consent import Circumstances
from service.subscribers.filters import Filters
from service.subscribers.mail_format import Format
from service.subscribers.models import Subscription

#: By name, as JSON holds them.
Values = Mapping[str, Any]

_PAUSE = "paused_until"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save has changed; both are empty when it changed nothing."""

    before: Values
    after: Values


def values_of(subscription: Subscription) -> dict[str, Any]:
    """Return what holds now; chosen topics that are not offered any more are kept apart."""
    offered = {topic.id for topic in subscription.newsletter.open_topics}
    until = subscription.paused_until
    return {
        "topics": [topic_id for topic_id in subscription.topic_ids if topic_id in offered],
        "gone_topics": [topic_id for topic_id in subscription.topic_ids if topic_id not in offered],
        "rhythm": subscription.rhythm.value,
        "weekday": subscription.weekday,
        "hour": subscription.hour,
        "time_zone": subscription.time_zone,
        "enough_items": subscription.enough_items,
        "announcements": subscription.announcements,
        "excluded_topics": list(subscription.excluded_topic_ids),
        "excluded_sources": list(subscription.excluded_source_ids),
        "max_items": subscription.max_items,
        "explore": subscription.explore,
        "locale": mail_format.of(subscription).locale,
        "plain_text": subscription.plain_text,
        _PAUSE: None if until is None else until.isoformat(),
    }


def save(
    session: Session, subscription_id: int, wanted: Values, *, circumstances: Circumstances, now: datetime
) -> Saved:
    """Save some of the values; those that are not named stay.

    Topics that are not offered any more stay chosen until the reader chooses anew: no topic at all would mean
    every topic, which is nothing that an archived one may turn into.

    :raises InvalidInput: a value that is not offered; `field` names it.
    :raises Conflict: the subscription is not active.
    """
    subscription = preferences.lock_active(session, subscription_id)
    before = values_of(subscription)
    values = before | dict(wanted)
    check_offered(subscription.newsletter, values["topics"])
    if values["topics"] != before["topics"] and "gone_topics" not in wanted:
        values["gone_topics"] = []
    if "topics" in wanted:
        # Chosen anew, and therefore wanted; only who names both at once is asked which it is.
        values["excluded_topics"] = [
            one for one in values["excluded_topics"] if one not in set(values["topics"])
        ]
    preferences.change(
        session, subscription_id, _choices(subscription, values), circumstances=circumstances, now=now
    )
    filters.change(session, subscription_id, _filters(values), circumstances=circumstances, now=now)
    mail_format.change(session, subscription_id, _format(values), circumstances=circumstances, now=now)
    if values[_PAUSE] != before[_PAUSE]:
        _pause(session, subscription_id, values[_PAUSE], circumstances=circumstances, now=now)
    after = values_of(subscription)
    changed = [name for name in before if before[name] != after[name]]
    return Saved({name: before[name] for name in changed}, {name: after[name] for name in changed})


def undo(
    session: Session, subscription_id: int, saved: Saved, *, circumstances: Circumstances, now: datetime
) -> Saved:
    """Take back what one save changed; the answer can be taken back in turn.

    :raises Conflict: it was changed again since, or the subscription is not active.
    """
    subscription = preferences.lock_active(session, subscription_id)
    current = values_of(subscription)
    if any(current.get(name) != value for name, value in saved.after.items()):
        raise Conflict(_("This has been changed again since, so nothing was taken back."))
    return save(session, subscription_id, saved.before, circumstances=circumstances, now=now)


def _choices(subscription: Subscription, values: Values) -> Choices:
    enough = values["enough_items"]
    offered = filters.ceilings(subscription.newsletter)
    if enough == subscription.enough_items and enough not in offered:
        # The newsletter has changed what it offers; whoever saves something else must not be stopped by it.
        enough = min(max(enough, offered[0]), offered[-1])
    return Choices(
        topic_ids=(*values["topics"], *values["gone_topics"]),
        rhythm=Rhythm(values["rhythm"]),
        weekday=values["weekday"],
        hour=values["hour"],
        time_zone=values["time_zone"],
        announcements=values["announcements"],
        enough_items=enough,
    )


def _filters(values: Values) -> Filters:
    return Filters(
        excluded_topic_ids=tuple(values["excluded_topics"]),
        excluded_source_ids=tuple(values["excluded_sources"]),
        max_items=values["max_items"],
        explore=values["explore"],
    )


def _format(values: Values) -> Format:
    return Format(locale=values["locale"], plain_text=values["plain_text"])


def _pause(
    session: Session, subscription_id: int, until: str | None, *, circumstances: Circumstances, now: datetime
) -> None:
    subscription = preferences.lock_active(session, subscription_id)
    day = None if until is None else date.fromisoformat(until)
    # A pause that is over by now, and comes back with everything else, is none.
    if day is None or day <= reach.today(subscription, now=now):
        preferences.resume(session, subscription_id, circumstances=circumstances, now=now)
    else:
        preferences.pause(session, subscription_id, until=day, circumstances=circumstances, now=now)
