"""Fills the ledger with what was sent long ago: one partition, written first and indexed afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.bench import audience
from service.db import Sessions, transaction
from service.delivery import partitions

#: Of each hundred: 96 sent, 2 skipped, 1 failed, 1 expired; and one in a hundred thousand unknown.
_STATE = (
    "CASE WHEN g % 100000 = 7 THEN 'unknown' WHEN g % 100 < 96 THEN 'sent' "
    "WHEN g % 100 < 98 THEN 'skipped' WHEN g % 100 = 98 THEN 'failed' ELSE 'expired' END"
)
_REASON = (
    "CASE WHEN g % 100000 = 7 THEN 'no_reply' WHEN g % 100 < 96 THEN '' "
    "WHEN g % 100 < 98 THEN 'too_few' WHEN g % 100 = 98 THEN 'no_such_mailbox' ELSE 'too_late' END"
)
_MAILINGS = text(
    """
    INSERT INTO mailings (stream, cause, title, list_id, state, planned, created_at, finished_at)
    SELECT 'digest', 'past ' || n, 'Past mailing ' || n, 1, 'finished', true, :now - n * interval '1 day',
           :now - n * interval '1 day' + interval '1 hour'
    FROM generate_series(CAST(:count AS bigint), 1, -1) AS n RETURNING id
    """
)
_RECIPES = text(
    """
    INSERT INTO recipes (kind, newsletter_id, mailing_id, content_hash, article_ids, content, locale, subject,
        html_hash, text_hash, created_at)
    SELECT 'digest', :newsletter_id, id, sha256(int8send(id)), ARRAY(SELECT id * 14 + n FROM
        generate_series(1, 14) AS n), '{}', 'en', title, '', '', created_at
    FROM mailings WHERE id = ANY(:ids)
    """
)
_ROWS = """
    INSERT INTO {part} (mailing_id, dedupe_key, stream, kind, subscriber_id, subscription_id, recipe_id,
        variant, details, from_seq, to_seq, return_path_token, message_id, state, reason, due_at, attempts,
        created_at, state_at, sent_at, returned_at)
    SELECT m.id, 'subscription ' || g, 'digest', 'digest', g, g, r.id, 0, '{{}}', 1, 2,
        md5('r' || m.id || '.' || g), md5('m' || m.id || '.' || g), {state}, {reason}, m.created_at, 1,
        m.created_at, m.created_at, CASE WHEN g % 100 < 96 THEN m.created_at END, m.created_at
    FROM mailings AS m JOIN recipes AS r ON r.mailing_id = m.id
        CROSS JOIN generate_series(1, CAST(:readers AS bigint)) AS g
    WHERE m.id = :id
"""
_TALLIES = """
    INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
    SELECT m.id, c.state, c.reason, date_bin('1 hour', m.created_at, '2000-01-01 00:00+00'), c.n
    FROM mailings AS m CROSS JOIN (
        SELECT {state} AS state, {reason} AS reason, count(*) AS n
        FROM generate_series(1, CAST(:readers AS bigint)) AS g GROUP BY 1, 2
    ) AS c WHERE m.id = ANY(:ids)
"""


@dataclass(frozen=True, slots=True)
class Past:
    """What was written."""

    readers: int
    mailing_ids: tuple[int, ...]

    @property
    def rows(self) -> int:
        return self.readers * len(self.mailing_ids)


def write(sessions: Sessions, *, rows: int, now: datetime, progress: Callable[[int, int], None]) -> Past:
    """Write at least so many rows: the same readers again and again, day by day into the past."""
    readers = min(max(rows // 40, 1_000), 1_000_000)
    count = min(-(-rows // readers), partitions.MAILINGS_PER_PARTITION - 2)
    part = partitions.name("messages", 0)
    newsletter = audience.write(sessions, count=readers, now=now, progress=progress)
    with transaction(sessions) as session:
        ids = tuple(session.scalars(_MAILINGS, {"count": count, "now": now}))
        session.execute(_RECIPES, {"newsletter_id": newsletter.id, "ids": list(ids)})
        # Without indexes: they are built in one go when the partition is attached, in a third of the time.
        session.execute(text(f"CREATE TABLE {part} (LIKE messages INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    insert = text(_ROWS.format(part=part, state=_STATE, reason=_REASON))
    for place, mailing_id in enumerate(ids, start=1):
        with transaction(sessions) as session:
            session.execute(insert, {"id": mailing_id, "readers": readers})
        progress(place * readers, count * readers)
    with transaction(sessions) as session:
        _attach(session, part)
        tallies = text(_TALLIES.format(state=_STATE, reason=_REASON))
        session.execute(tallies, {"ids": list(ids), "readers": readers})
        partitions.ensure(session, partitions.MAILINGS_PER_PARTITION)
    return Past(readers, ids)


def _attach(session: Session, part: str) -> None:
    session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    last = partitions.MAILINGS_PER_PARTITION
    session.execute(text(f"ALTER TABLE messages ATTACH PARTITION {part} FOR VALUES FROM (0) TO ({last})"))
    attempts = partitions.name("attempts", 0)
    session.execute(text(f"CREATE TABLE {attempts} PARTITION OF attempts FOR VALUES FROM (0) TO ({last})"))
