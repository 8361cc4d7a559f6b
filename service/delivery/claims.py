"""Claims: a worker takes a window under a lease, marks it before the first MAIL, or gives it back.

The lease is told by the database's clock; the worker measures it from before it asked, with a clock that
counts sleep, so that it always thinks its lease ends earlier than everybody else does.
"""

import os
import socket
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.delivery import mailings, suppression
from service.delivery.due import COLUMNS, Due
from service.delivery.models import Mailing, MessageState, Stream
from service.delivery.outcomes import Outcome, record

#: Messages in one window, at most (the promise of how much an unsubscribe may come too late for).
WINDOW = 64
LEASE_SECONDS = 30.0

Key = tuple[int, int]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Where a machine has no clock that counts sleep by that name, its monotonic one does.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """What a worker believes about its lease: pessimistic, and awake while the machine sleeps."""

    def __init__(self, seconds: float = LEASE_SECONDS) -> None:
        self.seconds = seconds
        self._ends = 0.0

    def begin(self) -> float:
        """Return the instant to hand to `granted`; take it before asking the database."""
        return time.clock_gettime(_CLOCK)

    def granted(self, asked_at: float) -> None:
        self._ends = asked_at + self.seconds

    @property
    def left(self) -> float:
        return self._ends - time.clock_gettime(_CLOCK)

    def end(self) -> None:
        """Stop believing in it."""
        self._ends = 0.0


@cache
def boot_id() -> str:
    """Name this run of the machine: what was written before a power cut may have lost its end."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"


def new_owner() -> str:
    """Name one sender for ever: host, process, boot, and a part of its own."""
    host = "".join(char for char in socket.gethostname() if char.isalnum() or char in "-.")[:40]
    return f"{host}:{os.getpid()}:{boot_id()[:8]}:{uuid.uuid4().hex[:12]}"


# Mailing by mailing: 400,000 rows of a paused blast made each claim take 0.3 s when they stood in the way.
_CLAIM = text(
    f"""
    WITH picked AS (
        SELECT m.mailing_id, m.id FROM mailings g CROSS JOIN LATERAL (
            SELECT mailing_id, id, due_at FROM messages
            WHERE mailing_id = g.id AND state IN ('planned', 'deferred') AND due_at <= :now
            ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
        ) AS m
        WHERE g.stream = :stream AND g.state = 'sending'
        ORDER BY m.due_at LIMIT :limit
    )
    UPDATE messages AS m SET state = 'claimed', reason = '', owner = :owner, state_at = :now,
        lease_until = clock_timestamp() + make_interval(secs => :seconds)
    FROM picked WHERE m.mailing_id = picked.mailing_id AND m.id = picked.id
    RETURNING {", ".join(f"m.{name}" for name in COLUMNS)}
    """  # noqa: S608  # built from constants
)


def claim(
    session: Session, stream: Stream, *, owner: str, limit: int, seconds: float, now: datetime
) -> list[Due]:
    """Take what is due first, passing over what others hold."""
    values = {"stream": stream.value, "owner": owner, "limit": limit, "seconds": seconds, "now": now}
    rows = [_due(row) for row in session.execute(_CLAIM, values)]
    return sorted(rows, key=lambda row: (row.due_at, row.id))


def _due(row: Any) -> Due:
    found = Due(*row)
    return found._replace(stream=Stream(found.stream))


# A row with a reason was marked by its reader's cancellation while it was about to be sent.
_MARK = text(
    """
    UPDATE messages AS m SET state = 'sending', reason = '', state_at = :now
    FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[])) AS w (mailing_id, id), mailings g
    WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND g.id = m.mailing_id AND g.state = 'sending'
      AND m.owner = :owner AND m.lease_until > clock_timestamp()
      AND (m.state = 'claimed' OR (m.state = 'sending' AND m.reason = ''))
    RETURNING m.mailing_id, m.id
    """
)


def mark_sending(session: Session, hashes: Mapping[Key, bytes], *, owner: str, now: datetime) -> set[Key]:
    """Take the last look and say which messages may go out now; the others are settled or given back.

    Suppression, the mailing's state and the reader's cancellations are read here, after the address was
    looked up: nothing that committed before this is missed. May be called again for what waited since.
    """
    suppressed = _suppressed(session, hashes)
    outcomes = [Outcome(*key, state=MessageState.SKIPPED, at=now, reason="suppressed") for key in suppressed]
    record(session, outcomes, owner=owner, relay="")
    asked = sorted(set(hashes) - suppressed)
    rows = session.execute(_MARK, key_arrays(asked) | {"owner": owner, "now": now})
    going = {(mailing_id, message_id) for mailing_id, message_id in rows}
    give_back(session, set(asked) - going, owner=owner, now=now)
    return going


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


def renew(session: Session, *, owner: str, seconds: float) -> bool:
    """Prolong a lease that has not ended; False means that nothing is held any more."""
    renewed = session.execute(
        text(
            """
            UPDATE messages SET lease_until = clock_timestamp() + make_interval(secs => :seconds)
            WHERE owner = :owner AND state IN ('claimed', 'sending') AND lease_until > clock_timestamp()
            RETURNING 1
            """
        ),
        {"owner": owner, "seconds": seconds},
    )
    return renewed.first() is not None


def _suppressed(session: Session, hashes: Mapping[Key, bytes]) -> set[Key]:
    lists = session.execute(
        select(Mailing.id, Mailing.list_id).where(Mailing.id.in_({key[0] for key in hashes}))
    )
    found: set[Key] = set()
    for mailing_id, list_id in lists.all():
        own = {key: each for key, each in hashes.items() if key[0] == mailing_id}
        refused = suppression.find(session, set(own.values()), list_id=list_id)
        found |= {key for key, each in own.items() if each in refused}
    return found


def key_arrays(keys: Sequence[Key]) -> dict[str, Any]:
    return {"mailing_ids": [key[0] for key in keys], "ids": [key[1] for key in keys]}
