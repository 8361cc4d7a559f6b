"""Counts whole UTC days again from what they were made of: set-based, and the same however often it is done.

Raw clicks live 30 days, and old mail goes by the retention rules; a day within `RECOUNTABLE` has everything.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session

from service.popularity.counting import HELD
from service.reports.models import DailyTally

#: Days whose causes are all still there.
RECOUNTABLE = timedelta(days=28)
#: Clicks are judged as a whole after ten minutes, and outcomes may be late by hours.
USUAL = timedelta(days=1)

_CLICKS = text(
    """
    INSERT INTO click_tallies (mailing_id, article_id, slot, variant, day, people, repeats, machines)
    SELECT mailing_id, article_id, slot, variant, CAST(at AT TIME ZONE 'UTC' AS date),
        count(*) FILTER (WHERE verdict = 'human'), count(*) FILTER (WHERE verdict = 'repeat'),
        count(*) FILTER (WHERE verdict = 'scanner')
    FROM clicks WHERE at >= :since AND at < :until
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (mailing_id, article_id, slot, variant, day) DO UPDATE SET
        people = excluded.people, repeats = excluded.repeats, machines = excluded.machines
    """
)
_TOPICS = text(
    """
    INSERT INTO topic_tallies (topic_id, day, people, machines)
    SELECT article_topics.topic_id, tally.day, sum(tally.people), sum(tally.machines)
    FROM click_tallies AS tally JOIN article_topics USING (article_id)
    WHERE tally.day >= :first_day
    GROUP BY 1, 2
    ON CONFLICT (topic_id, day) DO UPDATE SET people = excluded.people, machines = excluded.machines
    """
)
# Only of mailings that something has happened to since: all that is known of each.
_RESULTS = text(
    """
    WITH touched AS (
        SELECT mailing_id FROM click_tallies WHERE day >= :first_day
        UNION SELECT mailing_id FROM events WHERE at >= :since AND mailing_id IS NOT NULL
        UNION SELECT CAST(details ->> 'mailing' AS bigint) FROM consent_events
            WHERE kind = 'unsubscribed' AND details ? 'mailing' AND at >= :since
            AND kind IN ('confirmed', 'returned', 'unsubscribed', 'never_again')
    )
    INSERT INTO mailing_results (mailing_id, people, repeats, machines, unsubscribed, complaints,
        hard_bounces, soft_bounces, returned, counted_at)
    SELECT mailings.id, clicked.people, clicked.repeats, clicked.machines, went.n, back.complaints,
        back.hard, back.soft, back.returned, :now
    FROM touched JOIN mailings ON mailings.id = touched.mailing_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(people), 0) AS people, coalesce(sum(repeats), 0) AS repeats,
            coalesce(sum(machines), 0) AS machines
        FROM click_tallies WHERE mailing_id = mailings.id
    ) AS clicked
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM consent_events
        WHERE kind = 'unsubscribed' AND details ? 'mailing'
          AND CAST(details ->> 'mailing' AS bigint) = mailings.id
    ) AS went
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT message_id) FILTER (WHERE kind = 'complaint') AS complaints,
            count(DISTINCT message_id) FILTER (WHERE kind = 'hard_bounce') AS hard,
            count(DISTINCT message_id) FILTER (WHERE kind = 'soft_bounce') AS soft,
            count(DISTINCT message_id) FILTER (
                WHERE kind IN ('hard_bounce', 'soft_bounce') AND channel <> 'smtp'
            ) AS returned
        FROM events WHERE mailing_id = mailings.id
    ) AS back
    ON CONFLICT (mailing_id) DO UPDATE SET
        people = excluded.people, repeats = excluded.repeats, machines = excluded.machines,
        unsubscribed = greatest(mailing_results.unsubscribed, excluded.unsubscribed),
        complaints = greatest(mailing_results.complaints, excluded.complaints),
        hard_bounces = greatest(mailing_results.hard_bounces, excluded.hard_bounces),
        soft_bounces = greatest(mailing_results.soft_bounces, excluded.soft_bounces),
        returned = greatest(mailing_results.returned, excluded.returned), counted_at = excluded.counted_at
    """
)
# Every day of every newsletter gets a row, also one on which nothing happened: a plot has no holes.
_DAYS = text(
    """
    WITH days AS (
        SELECT newsletters.id AS newsletter_id, CAST(day AS date) AS day
        FROM newsletters CROSS JOIN LATERAL generate_series(
            CAST(:first_day AS date), CAST(:last_day AS date), interval '1 day'
        ) AS day
    ), readers AS (
        SELECT newsletter_id, count(*) AS active FROM subscriptions WHERE state = 'active' GROUP BY 1
    ), moved AS (
        SELECT subscriptions.newsletter_id, CAST(entry.at AT TIME ZONE 'UTC' AS date) AS day,
            count(*) FILTER (WHERE kind IN ('confirmed', 'returned')) AS joined,
            count(*) FILTER (WHERE kind IN ('unsubscribed', 'never_again')) AS lost
        FROM consent_events AS entry JOIN subscriptions ON subscriptions.id = entry.subscription_id
        WHERE entry.kind IN ('confirmed', 'returned', 'unsubscribed', 'never_again')
          AND entry.at >= :since AND entry.at < :until
          AND coalesce(entry.details ->> 'was', '') NOT IN ('pending', 'moved')
        GROUP BY 1, 2
    ), sent AS (
        SELECT mailings.list_id AS newsletter_id, CAST(tally.hour AT TIME ZONE 'UTC' AS date) AS day,
            sum(tally.n) AS n
        FROM mailing_tallies AS tally JOIN mailings ON mailings.id = tally.mailing_id
        WHERE tally.state = 'sent' AND tally.hour >= :since AND tally.hour < :until
        GROUP BY 1, 2
    ), clicked AS (
        SELECT articles.newsletter_id, tally.day, sum(people) AS people, sum(machines) AS machines
        FROM click_tallies AS tally JOIN articles ON articles.id = tally.article_id
        WHERE tally.day >= :first_day AND tally.day <= :last_day
        GROUP BY 1, 2
    ), back AS (
        SELECT mailings.list_id AS newsletter_id, CAST(events.at AT TIME ZONE 'UTC' AS date) AS day,
            count(*) FILTER (WHERE kind = 'complaint') AS complaints,
            count(*) FILTER (WHERE kind IN ('hard_bounce', 'soft_bounce')) AS bounces
        FROM events JOIN mailings ON mailings.id = events.mailing_id
        WHERE events.at >= :since AND events.at < :until
        GROUP BY 1, 2
    )
    INSERT INTO daily_tallies (newsletter_id, day, active, joined, lost, sent, people, machines, complaints,
        bounces, counted_at)
    SELECT newsletter_id, day,
        -- What it was at the end of that day: what it is now, without what came and left since.
        coalesce(readers.active, 0) - coalesce(sum(coalesce(joined, 0) - coalesce(lost, 0)) OVER (
            PARTITION BY newsletter_id ORDER BY day DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0),
        coalesce(joined, 0), coalesce(lost, 0), coalesce(sent.n, 0), coalesce(people, 0),
        coalesce(machines, 0), coalesce(complaints, 0), coalesce(bounces, 0), :now
    FROM days
    LEFT JOIN readers USING (newsletter_id)
    LEFT JOIN moved USING (newsletter_id, day)
    LEFT JOIN sent USING (newsletter_id, day)
    LEFT JOIN clicked USING (newsletter_id, day)
    LEFT JOIN back USING (newsletter_id, day)
    ON CONFLICT (newsletter_id, day) DO UPDATE SET
        -- A day that was counted when it was today knows better how many there were.
        active = CASE WHEN daily_tallies.day >= :last_day THEN excluded.active ELSE daily_tallies.active END,
        joined = greatest(excluded.joined, daily_tallies.joined),
        lost = greatest(excluded.lost, daily_tallies.lost),
        sent = excluded.sent, people = excluded.people, machines = excluded.machines,
        complaints = greatest(excluded.complaints, daily_tallies.complaints),
        bounces = greatest(excluded.bounces, daily_tallies.bounces), counted_at = excluded.counted_at
    """
)


def count(session: Session, *, now: datetime) -> None:
    """Count yesterday and today; once a day, and the first time, everything that can be counted again."""
    today = now.astimezone(UTC).date()
    is_counted = session.scalar(select(exists().where(DailyTally.day == today)))
    count_since(session, first_day=today - (USUAL if is_counted else RECOUNTABLE), now=now)


def count_since(session: Session, *, first_day: date, now: datetime) -> None:
    """Count every day from this one on, at most those that can be counted again.

    What erasure has taken out since stays counted: a number leads to nobody.
    """
    today = now.astimezone(UTC).date()
    first_day = max(first_day, today - RECOUNTABLE)
    values = {
        "first_day": first_day,
        "last_day": today,
        "since": datetime.combine(first_day, time(), tzinfo=UTC),
        "now": now,
    }
    # Two workers at once would wait for each other's rows, in whatever order.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("broadsheet.reports"))))
    session.execute(_CLICKS, values | {"until": now - HELD})
    session.execute(_TOPICS, values)
    session.execute(_RESULTS, values)
    session.execute(
        _DAYS, values | {"until": datetime.combine(today, time(), tzinfo=UTC) + timedelta(days=1)}
    )
