"""Hourly counts per article, signal and place: set, not added to, so that counting twice changes nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.popularity.models import ArticleScore, Signal, SignalBucket

#: Raw rows are kept 30 days; older hours can no longer be counted again and keep what they have.
RECOUNTABLE = timedelta(days=29)
#: Hours that are counted again each time: whoever commits late is in them.
_RECOUNTED = timedelta(hours=3)

_KEY = ("article_id", "signal", "slot", "hour")

# An hour of which nothing is left is set to nothing, but no row is made to say so.
_CLICKS = text(
    """
    WITH counted AS (
        SELECT article_id, slot, date_trunc('hour', at, 'UTC') AS hour,
            count(*) FILTER (WHERE verdict = 'human') AS n
        FROM clicks WHERE at >= :since AND at <= :until
        GROUP BY 1, 2, 3
    )
    INSERT INTO signal_buckets (article_id, signal, slot, hour, observed, shown)
    SELECT article_id, 'digest_click', slot, hour, n, 0 FROM counted
    WHERE n > 0 OR EXISTS (
        SELECT FROM signal_buckets AS b WHERE b.article_id = counted.article_id
        AND b.signal = 'digest_click' AND b.slot = counted.slot AND b.hour = counted.hour
    )
    ORDER BY 1, 3, 4
    ON CONFLICT (article_id, signal, slot, hour) DO UPDATE SET observed = excluded.observed
    WHERE signal_buckets.observed <> excluded.observed
    """
)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the UTC hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def uncounted_since(session: Session, *, now: datetime) -> datetime:
    """Return the start of the first hour that may not be counted to its end.

    The last three hours; more after an outage of the workers, while pages went on.
    """
    last = session.scalar(select(func.max(ArticleScore.computed_at)))
    since = now - _RECOUNTED if last is None else min(now, last) - _RECOUNTED
    return max(hour_of(since), first_recountable(now))


def first_recountable(now: datetime) -> datetime:
    """Return the start of the first hour of which every raw row is still there."""
    return hour_of(now - RECOUNTABLE) + timedelta(hours=1)


def count_clicks(session: Session, *, since: datetime, until: datetime) -> None:
    """Set the counts of clicks in mails to what the raw rows say; `since` begins an hour."""
    session.execute(_CLICKS, {"since": since, "until": until})


def add_shown(session: Session, shown: Mapping[int, Mapping[int, int]], *, hour: datetime) -> None:
    """Add delivered mails of one hour, as article -> place -> mails. Adding twice counts twice."""
    rows = [
        {
            "article_id": article_id,
            "signal": Signal.DIGEST_CLICK,
            "slot": slot,
            "hour": hour_of(hour),
            "observed": 0,
            "shown": mails,
        }
        for article_id, places in sorted(shown.items())
        for slot, mails in sorted(places.items())
        if mails
    ]
    if not rows:
        return
    statement = insert(SignalBucket)
    total = SignalBucket.shown + statement.excluded.shown
    session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_={"shown": total}), rows)
