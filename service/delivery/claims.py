"""Claims: a worker takes a window under a lease before the first MAIL, or gives it back.

Picking, composing, the look at suppressions and the mark `sending` are one transaction: what is locked in it
is nobody else's, and a process that dies in it has taken nothing (docs/adr/0013).
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.delivery import mailings, suppression
from service.delivery.due import COLUMNS, Due
from service.delivery.holds import NOT_HELD
from service.delivery.models import Stream

#: Messages in one window, at most (the promise of how much an unsubscribe may come too late for).
WINDOW = 64
#: A message that has killed its worker so often is set aside (standards F4, row 27).
MOST_CRASHES = 3

Key = tuple[int, int]

#: Where a sender's last window of a mailing ended: (due_at, id) of its last row.
Places = Mapping[int, tuple[datetime, int]]

# Mailing by mailing: 400,000 rows of a paused blast made each claim take 0.3 s when they stood in the way.
# Each from where this sender left off: the index entries of a million rows that were sent are still there
# until a vacuum, and walking over them takes longer with every claim.
_PICK = text(
    f"""
    SELECT {", ".join(f"m.{name}" for name in COLUMNS if name not in {"stream", "details"})},
        m.details::text, m.crashes
    FROM mailings g
    LEFT JOIN unnest(CAST(:mailing_ids AS bigint[]), CAST(:due_ats AS timestamptz[]), CAST(:ids AS bigint[]))
        AS p (mailing_id, due_at, id) ON p.mailing_id = g.id
    CROSS JOIN LATERAL (
        SELECT * FROM messages
        WHERE mailing_id = g.id AND state IN ('planned', 'deferred') AND due_at <= :now
          AND (due_at, id) > (COALESCE(p.due_at, '-infinity'), COALESCE(p.id, 0))
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ) AS m
    WHERE g.stream = :stream AND g.state = 'sending' AND {NOT_HELD}
      AND g.id <> ALL(CAST(:resting AS bigint[]))
    ORDER BY m.due_at, m.id LIMIT :limit
    """  # noqa: S608  # built from constants
)


#: The question of `pick` is planned anew each time otherwise, which takes six times as long as answering it.
_PLAN_ONCE = text("SET LOCAL plan_cache_mode = force_generic_plan")


def pick(
    session: Session,
    stream: Stream,
    *,
    limit: int,
    now: datetime,
    after: Places,
    resting: Sequence[int] = (),
) -> list[Due]:
    """Lock what is due first, passing over what others have locked; `begin` takes it before the commit.

    Nothing is taken from mailings that are resting.

    A message whose composing has killed a worker comes alone: if it does so again, no other is suspected.
    """
    values: dict[str, Any] = {"stream": stream.value, "limit": limit, "now": now}
    values |= {
        "resting": list(resting),
        "mailing_ids": list(after),
        "due_ats": [place[0] for place in after.values()],
        "ids": [place[1] for place in after.values()],
    }
    session.execute(_PLAN_ONCE)
    found: list[Due] = []
    for mailing_id, message_id, *rest, details, crashes in session.execute(_PICK, values).all():
        if crashes and found:
            break
        found.append(Due._make((mailing_id, message_id, stream, *rest, _details(details))))
        if crashes:
            break
    return found


@lru_cache(maxsize=1024)
def _details(written: str) -> Mapping[str, Any]:
    """Read a message's details; the mails of one edition all say the same."""
    return MappingProxyType(json.loads(written))


# The last look before MAIL is part of the statement: the mailing's state, and the suppression of the address.
_BEGIN = text(
    f"""
    UPDATE messages AS m SET state = 'sending', reason = '', owner = :owner, state_at = :now,
        lease_until = clock_timestamp() + make_interval(secs => :seconds)
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[]), CAST(:hashes AS bytea[]))
        AS w (mailing_id, id, address_hash), mailings g
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND g.id = m.mailing_id AND g.state = 'sending'
      AND m.state IN ('planned', 'deferred') AND {NOT_HELD}
      AND NOT EXISTS (SELECT FROM suppressions s WHERE s.address_hash = w.address_hash
                      AND s.list_id IN (0, COALESCE(g.list_id, 0))
                      AND NOT (s.reason = '{suppression.ERASED}' AND m.kind IN {suppression.ASKING}))
    RETURNING m.mailing_id, m.id
    """  # noqa: S608  # built from constants
)


def begin(
    session: Session, hashes: Mapping[Key, bytes], *, owner: str, seconds: float, now: datetime
) -> set[Key]:
    """Take picked messages under a lease; return those that may go out. Commit before the first MAIL.

    The others are suppressed (`suppression.of_messages` says which), or their mailing was held meanwhile.
    """
    if not hashes:
        return set()
    keys = sorted(hashes)
    bytes_of = '{"' + '","'.join(["\\\\x" + hashes[key].hex() for key in keys]) + '"}'
    values = {"owner": owner, "seconds": seconds, "now": now, "hashes": bytes_of}
    return _keys(session.execute(_BEGIN, key_arrays(keys) | values).all())


_SEIZE = text(
    """
    UPDATE messages AS m SET state = 'claimed', owner = :owner, state_at = :now
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id)
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND m.state IN ('planned', 'deferred')
    """
)


def seize(session: Session, keys: Collection[Key], *, owner: str, now: datetime) -> None:
    """Take picked messages that will not be sent, so that the same transaction can record why."""
    if keys:
        session.execute(_SEIZE, key_arrays(sorted(keys)) | {"owner": owner, "now": now})


# A row with a reason was marked by its reader's cancellation while it was about to be sent.
_STILL = text(
    f"""
    SELECT m.mailing_id, m.id
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id)
    JOIN messages m ON m.mailing_id = w.mailing_id AND m.id = w.id
    JOIN mailings g ON g.id = m.mailing_id AND g.state = 'sending' AND {NOT_HELD}
    WHERE m.owner = :owner AND m.lease_until > clock_timestamp() AND m.state = 'sending' AND m.reason = ''
    """  # noqa: S608  # built from constants
)


def look_again(session: Session, hashes: Mapping[Key, bytes], *, owner: str) -> set[Key]:
    """Return which of the messages that we took a while ago may still go out."""
    if not hashes:
        return set()
    going = _keys(session.execute(_STILL, key_arrays(sorted(hashes)) | {"owner": owner}))
    return going - suppression.of_messages(session, {key: hashes[key] for key in going})


def _keys(rows: Iterable[Any]) -> set[Key]:
    return {(mailing_id, message_id) for mailing_id, message_id in rows}


_GIVE_BACK = text(
    """
    UPDATE messages AS m SET
        state = CASE WHEN g.state = 'stopped' OR (m.state = 'sending' AND m.reason <> '') THEN 'cancelled'
                     WHEN m.attempts > 0 THEN 'deferred' ELSE 'planned' END,
        reason = CASE WHEN m.state = 'sending' AND m.reason <> '' THEN m.reason
                      WHEN g.state = 'stopped' THEN 'stopped' ELSE '' END,
        state_at = :now, owner = NULL, lease_until = NULL
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id), mailings g
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND g.id = m.mailing_id
      AND m.owner = :owner AND m.state IN ('claimed', 'sending', 'unknown')
    """
)


def give_back(session: Session, keys: Collection[Key], *, owner: str, now: datetime) -> None:
    """Return messages that were certainly not sent; stopped and cancelled ones end here."""
    if keys:
        session.execute(_GIVE_BACK, key_arrays(sorted(keys)) | {"owner": owner, "now": now})
        mailings.reopen(session, {key[0] for key in keys})


_RENEW = text(
    """
    UPDATE messages AS m SET lease_until = clock_timestamp() + make_interval(secs => :seconds)
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id)
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND m.owner = :owner
      AND m.state IN ('claimed', 'sending') AND m.lease_until > clock_timestamp()
    RETURNING 1
    """
)


def renew(session: Session, keys: Collection[Key], *, owner: str, seconds: float) -> bool:
    """Prolong a lease that has not ended; False means that nothing is held any more."""
    values = key_arrays(sorted(keys)) | {"owner": owner, "seconds": seconds}
    return session.execute(_RENEW, values).first() is not None


_POSTPONE = text(
    """
    UPDATE messages AS m SET due_at = w.due_at
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[]), CAST(:due_ats AS timestamptz[]))
        AS w (mailing_id, id, due_at)
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND m.state IN ('planned', 'deferred')
    """
)


def postpone(session: Session, due_ats: Mapping[Key, datetime]) -> None:
    """Let picked messages wait, so that others come first: their relay or domain takes no more for now."""
    if due_ats:
        keys = sorted(due_ats)
        session.execute(_POSTPONE, key_arrays(keys) | {"due_ats": [due_ats[key] for key in keys]})


_CRASHED = text(
    """
    UPDATE messages AS m SET crashes = m.crashes + 1
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id)
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND m.state IN ('planned', 'deferred')
    RETURNING m.mailing_id, m.id, m.crashes
    """
)


def crashed(session: Session, keys: Collection[Key], *, now: datetime) -> int:
    """Suspect messages of having killed their worker; set aside those that did so alone, again and again.

    Return how many were set aside.
    """
    if not keys:
        return 0
    counts = session.execute(_CRASHED, key_arrays(sorted(keys))).all()
    poison = [(row[0], row[1]) for row in counts if row[2] >= MOST_CRASHES]
    if poison:
        session.execute(
            text(
                """
                UPDATE messages AS m SET state = 'failed', reason = 'crashed', state_at = :now
                FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id)
                WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND m.state IN ('planned', 'deferred')
                """
            ),
            key_arrays(poison) | {"now": now},
        )
    return len(poison)


def key_arrays(keys: Sequence[Key]) -> dict[str, Any]:
    """Return ids as the literals of arrays: sixty-four take the driver 3 µs so, and 60 as a list."""
    return {"mailing_ids": numbers(key[0] for key in keys), "ids": numbers(key[1] for key in keys)}


def numbers(values: Iterable[float]) -> str:
    """Return the literal of an array of numbers."""
    return "{" + ",".join(map(str, values)) + "}"
