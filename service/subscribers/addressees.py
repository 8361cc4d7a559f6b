"""Readers as plain rows, for mail in bulk: an entity costs as much as everything else that is done for it."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from service.newsletters.models import Rhythm
from service.subscribers.models import SubscriptionState

_FIND = text(
    """
    SELECT subscriptions.id, newsletter_id, email, email_key, state, topic_ids, rhythm, weekday, hour,
        time_zone, announcements, paused_until, enough_items, locale, plain_text, confirmed_at
    FROM subscriptions JOIN subscribers ON subscribers.id = subscriber_id
    WHERE subscriptions.id = ANY(:subscription_ids)
    """
)
_STATES = {state.value: state for state in SubscriptionState}
_RHYTHMS = {rhythm.value: rhythm for rhythm in Rhythm}


class Addressee(NamedTuple):
    """What a digest or a blast needs to know of its reader, in the order of the query."""

    id: int
    newsletter_id: int
    email: str
    email_key: str
    state: SubscriptionState
    topic_ids: list[int]
    rhythm: Rhythm
    weekday: int
    hour: int
    time_zone: str
    announcements: bool
    paused_until: date | None
    enough_items: int
    locale: str
    plain_text: bool
    confirmed_at: datetime | None


def find(session: Session, subscription_ids: Collection[int]) -> dict[int, Addressee]:
    """Return the readers of those subscriptions that exist."""
    rows = session.execute(_FIND, {"subscription_ids": list(subscription_ids)})
    return {row[0]: _addressee(row) for row in rows.all()}


def _addressee(row: Row[Any]) -> Addressee:
    values = list(row)
    values[4], values[6] = _STATES[values[4]], _RHYTHMS[values[6]]
    return Addressee._make(values)
