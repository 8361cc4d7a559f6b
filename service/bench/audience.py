"""Readers of a newsletter by the million, written in slices, and spread as an import spreads them."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from service.bench import content
from service.db import Sessions, transaction
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers.spreading import place

_SLICE = 100_000

_READERS = text(
    """
    WITH people AS (
        INSERT INTO subscribers (email, email_key, created_at)
        SELECT each, each, :now
        FROM (SELECT format('reader%s@mail%s.example', n, n % 50) AS each
              FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) AS addresses
        RETURNING id
    ), numbered AS (
        SELECT id, row_number() OVER (ORDER BY id) AS number FROM people
    ), places AS (
        SELECT * FROM unnest(CAST(:weekdays AS bigint[]), CAST(:hours AS bigint[]),
            CAST(:slots AS timestamptz[])) WITH ORDINALITY AS each (weekday, hour, slot, number)
    ), subscriptions_of_theirs AS (
        INSERT INTO subscriptions (subscriber_id, newsletter_id, state, generation, topic_ids, rhythm,
            weekday, hour, time_zone, announcements, first_digest_pending, watermark, next_due_at,
            created_at, requested_at, confirmed_at)
        SELECT id, :newsletter_id, 'active', 1, :topic_ids, 'weekly', weekday, hour, 'UTC', true, false, 0,
            slot, :now, :now, :now
        FROM numbered JOIN places USING (number) RETURNING id
    )
    INSERT INTO consent_events (subscription_id, kind, at, channel, details)
    SELECT id, 'confirmed', :now, 'page', '{}' FROM subscriptions_of_theirs
    """
)


def write(
    sessions: Sessions, *, count: int, now: datetime, progress: Callable[[int, int], None]
) -> Newsletter:
    """Write a newsletter and so many active readers, each with the proof of their consent."""
    newsletter = content.newsletter(now=now)
    with transaction(sessions) as session:
        session.add(newsletter)
        session.flush()
        topic_ids = sorted(topic.id for topic in newsletter.topics[:3])
    for first in range(1, count + 1, _SLICE):
        last = min(first + _SLICE - 1, count)
        with transaction(sessions) as session:
            places = [
                place(number, Rhythm.WEEKLY, time_zone="UTC", now=now) for number in range(first, last + 1)
            ]
            values = {
                "newsletter_id": newsletter.id,
                "topic_ids": topic_ids,
                "now": now,
                "first": first,
                "last": last,
                "weekdays": [each.weekday for each in places],
                "hours": [each.hour for each in places],
                "slots": [each.next_due_at for each in places],
            }
            session.execute(_READERS, values)
        progress(last, count)
    return newsletter
