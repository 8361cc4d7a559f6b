"""Sets the hourly counts of what the publisher's site reported, with a cap per network.

In one hour a network adds at most five to an article, or a tenth of what others add: neither a script nor a
school behind one address carries an article by itself, nor buries one by looking at lists that hold it.
"""

from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

#: A network adds this, or this share of what others add, whichever is more.
NETWORK_LEAST, NETWORK_SHARE = 5, 0.1


def _capped(per_network: str, *, column: str) -> TextClause:
    """Write the statement that caps and sets a column; an import stands, and no row is made for nothing."""
    return text(
        f"""
        WITH per_network AS ({per_network}), per_place AS (
            SELECT *, sum(n) OVER (PARTITION BY article_id, signal, slot, hour) AS total FROM per_network
        ), capped AS (
            SELECT article_id, signal, slot, hour,
                sum(least(n, greatest(:least, floor((total - n) * :share)))) AS n
            FROM per_place GROUP BY 1, 2, 3, 4
        )
        INSERT INTO signal_buckets (article_id, signal, slot, hour, observed, shown)
        SELECT article_id, signal, slot, hour,
            {"n, 0" if column == "observed" else "0, n"}
        FROM capped
        WHERE n > 0 OR EXISTS (
            SELECT FROM signal_buckets AS b WHERE b.article_id = capped.article_id
            AND b.signal = capped.signal AND b.slot = capped.slot AND b.hour = capped.hour
        )
        ORDER BY 1, 2, 3, 4
        ON CONFLICT (article_id, signal, slot, hour) DO UPDATE SET {column} = excluded.{column}
        WHERE signal_buckets.{column} <> excluded.{column} AND signal_buckets.imported IS NULL
        """  # noqa: S608  (every part is written in this file)
    )


_EVENTS = _capped(
    """
    SELECT article_id, signal, slot, date_trunc('hour', at, 'UTC') AS hour, network,
        count(*) FILTER (WHERE verdict = 'human') AS n
    FROM site_events WHERE at >= :since AND at <= :until
    GROUP BY 1, 2, 3, 4, 5
    """,
    column="observed",
)
# Articles may be gone since: raw views hold lists of them, without foreign keys.
_SHOWN = _capped(
    """
    SELECT place.article_id, 'widget_click' AS signal, place.slot, date_trunc('hour', at, 'UTC') AS hour,
        network,
        count(*) FILTER (WHERE verdict = 'human') AS n
    FROM widget_views CROSS JOIN LATERAL unnest(article_ids, slots) AS place (article_id, slot)
    JOIN articles ON articles.id = place.article_id
    WHERE at >= :since AND at <= :until
    GROUP BY 1, 2, 3, 4, 5
    """,
    column="shown",
)


def count_events(session: Session, *, since: datetime, until: datetime) -> None:
    """Set the counts of views, shares and clicks in lists; `since` begins an hour."""
    session.execute(_EVENTS, _values(since, until))


def count_shown(session: Session, *, since: datetime, until: datetime) -> None:
    """Set how many visitors saw an article in a place of a list; `since` begins an hour."""
    session.execute(_SHOWN, _values(since, until))


def _values(since: datetime, until: datetime) -> dict[str, object]:
    return {"since": since, "until": until, "least": NETWORK_LEAST, "share": NETWORK_SHARE}
