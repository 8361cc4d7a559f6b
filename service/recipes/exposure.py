"""How often each article was shown in which place: counted from the ledger, so counting twice is harmless."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

#: Outcomes are recorded within minutes; a worker that comes back from a crash may be a few hours late.
LOOK_BACK = timedelta(hours=12)

_COUNT = text(
    """
    INSERT INTO signal_buckets (article_id, signal, slot, hour, observed, shown)
    SELECT place.article_id, 'digest_click', place.slot, date_trunc('hour', sent.sent_at), 0, count(*)
    FROM messages AS sent
    JOIN mailings ON mailings.id = sent.mailing_id
    JOIN recipes ON recipes.id = sent.recipe_id
    CROSS JOIN LATERAL unnest(recipes.article_ids) WITH ORDINALITY AS place (article_id, slot)
    JOIN articles ON articles.id = place.article_id
    WHERE mailings.stream = 'digest' AND (mailings.finished_at IS NULL OR mailings.finished_at >= :since)
      AND sent.state = 'sent' AND sent.sent_at >= :since
    GROUP BY 1, 3, 4
    ORDER BY 1, 3, 4
    ON CONFLICT (article_id, signal, slot, hour) DO UPDATE SET shown = excluded.shown
    WHERE signal_buckets.shown <> excluded.shown
    """
)


def count_shown(session: Session, *, now: datetime) -> int:
    """Set the shown counts of the last hours to what the ledger says; return how many changed."""
    # Whole hours only: a bucket must never be set to the count of a part of its hour.
    since = (now - LOOK_BACK).replace(minute=0, second=0, microsecond=0)
    return int(session.execute(_COUNT, {"since": since}).rowcount)  # type: ignore[attr-defined]  # a CursorResult
