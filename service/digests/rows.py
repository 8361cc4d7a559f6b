"""Writes what became of a slice of readers: ledger rows, watermarks and next slots, in one statement."""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.db import copy_lines
from service.delivery.models import MessageState


class Outcome(NamedTuple):
    """One locked reader. Without a mailing there is no row: whoever pauses or waits only moves on."""

    subscription_id: int
    subscriber_id: int
    #: ISO 8601; equal for many, so it is written once.
    next_due_at: str
    mailing_id: int | None = None
    #: None is a skip, whose reason says why.
    recipe_id: int | None = None
    reason: str = ""
    from_seq: int = 0
    to_seq: int = 0
    #: The reader's own day.
    day: str | None = None
    #: JSON
    details: str = "{}"


_TABLE = text(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS outcomes (
        subscription_id bigint, subscriber_id bigint, next_due_at timestamptz, mailing_id bigint,
        recipe_id bigint, reason text, from_seq bigint, to_seq bigint, day date, details jsonb
    ) ON COMMIT DROP
    """
)
_COPY = "COPY outcomes FROM STDIN"
# Tokens are halves of a hash over one draw of the system's randomness (docs/adr/0012).
_WRITE = text(
    """
    WITH new AS (
        INSERT INTO messages (mailing_id, dedupe_key, stream, kind, subscriber_id, subscription_id, recipe_id,
            variant, details, from_seq, to_seq, return_path_token, message_id, state, reason, due_at,
            attempts, created_at, state_at)
        SELECT mailing_id, 'subscription ' || subscription_id, 'digest', 'digest', subscriber_id,
            subscription_id, recipe_id, 0, details,
            CASE WHEN recipe_id IS NOT NULL THEN from_seq END,
            CASE WHEN recipe_id IS NOT NULL THEN to_seq END,
            left(random, 32), right(random, 32),
            CASE WHEN recipe_id IS NULL THEN 'skipped' ELSE 'planned' END, reason, :now, 0, :now, :now
        FROM outcomes, LATERAL encode(sha256(:secret || int8send(subscription_id)), 'hex') AS random
        WHERE mailing_id IS NOT NULL
        ORDER BY mailing_id, subscription_id
        ON CONFLICT (mailing_id, dedupe_key) DO NOTHING
        RETURNING subscription_id, state, reason
    ), moved AS (
        UPDATE subscriptions SET next_due_at = outcomes.next_due_at,
            watermark = CASE new.state WHEN 'planned' THEN outcomes.to_seq ELSE watermark END,
            last_digest_on = CASE new.state WHEN 'planned' THEN outcomes.day ELSE last_digest_on END
        FROM outcomes LEFT JOIN new ON new.subscription_id = outcomes.subscription_id
        WHERE subscriptions.id = outcomes.subscription_id
    )
    SELECT state, reason, count(*) FROM new GROUP BY state, reason
    """
)


def write(
    session: Session, outcomes: Sequence[Outcome], *, now: datetime
) -> Counter[tuple[MessageState, str]]:
    """Write a slice; return how many new rows there are by state and reason.

    A reader whom the edition has reached already keeps the row that is there, and only moves on.
    """
    if not outcomes:
        return Counter()
    session.execute(_TABLE)
    session.execute(text("TRUNCATE outcomes"))
    copy_lines(session, _COPY, map(_line, outcomes))
    values = {"now": now, "secret": secrets.token_bytes(32)}
    counted = session.execute(_WRITE, values)
    return Counter({(MessageState(state), reason): count for state, reason, count in counted})


def _line(one: Outcome) -> str:
    """Write a line of COPY; ids, instants and words of ours have nothing to escape."""
    return (
        f"{one.subscription_id}\t{one.subscriber_id}\t{one.next_due_at}\t{_null(one.mailing_id)}\t"
        f"{_null(one.recipe_id)}\t{one.reason}\t{one.from_seq}\t{one.to_seq}\t{_null(one.day)}\t{one.details}"
    )


def _null(value: object) -> object:
    return "\\N" if value is None else value
