"""The ledger: one row per message, written with its cause, cancelled with its reason."""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from service.delivery.models import Mailing, Message, MessageState, Stream
from service.errors import InvalidInput

#: Rows per INSERT statement.
SLICE = 5_000


class Target(Protocol):
    """A mailing, as much as a row needs of it."""

    @property
    def id(self) -> int: ...

    @property
    def stream(self) -> Stream: ...


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A row to be; a reader who is skipped gets one as well, with state SKIPPED and the reason."""

    #: Why it exists, once per mailing: "subscription 12", "confirm 12.3".
    dedupe_key: str
    kind: str
    due_at: datetime
    subscriber_id: int | None = None
    subscription_id: int | None = None
    operator_id: int | None = None
    recipe_id: int | None = None
    variant: int = 0
    #: Ids, never an address. `expires_at` (ISO 8601) says until when a digest may still be
    #: sent, `slot_at` when it should be.
    details: dict[str, Any] = field(default_factory=dict)
    from_seq: int | None = None
    to_seq: int | None = None
    state: MessageState = MessageState.PLANNED
    reason: str = ""


#: The columns that a NewMessage fills, with the array type each travels in.
_COLUMNS = {
    "dedupe_key": "text",
    "kind": "text",
    "due_at": "timestamptz",
    "subscriber_id": "bigint",
    "subscription_id": "bigint",
    "operator_id": "bigint",
    "recipe_id": "bigint",
    "variant": "bigint",
    "details": "jsonb",
    "from_seq": "bigint",
    "to_seq": "bigint",
    "state": "text",
    "reason": "text",
}
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items())
_PUT = text(
    f"""
    INSERT INTO messages ({_NAMES}, mailing_id, stream, return_path_token, message_id,
                          attempts, created_at, state_at)
    SELECT {_NAMES}, :mailing_id, :stream, left(random, 32), right(random, 32), 0, :now, :now
    FROM unnest({_ARRAYS}) AS fresh ({_NAMES}),
         LATERAL encode(sha256(:secret || convert_to(dedupe_key, 'UTF8')), 'hex') AS random
    ON CONFLICT (mailing_id, dedupe_key) DO NOTHING
    """  # noqa: S608  # built from the constants above
)


def put(session: Session, mailing: Target, rows: Sequence[NewMessage], *, now: datetime) -> int:
    """Add the messages that are not there yet; return how many were new."""
    new = 0
    for start in range(0, len(rows), SLICE):
        part = rows[start : start + SLICE]
        values: dict[str, Any] = {name: [_plain(getattr(row, name)) for row in part] for name in _COLUMNS}
        values |= {"mailing_id": mailing.id, "stream": mailing.stream.value, "now": now}
        # One draw of the system's randomness and a hash per row: two UUIDs each cost more than an index.
        values["secret"] = secrets.token_bytes(32)
        new += _count(session, _PUT, values)
    return new


def has(session: Session, *, cause: str, dedupe_key: str) -> bool:
    """Say whether a mailing has a message for this key, whatever became of it; no mailing has none."""
    mailing_id = session.scalar(select(Mailing.id).where(Mailing.cause == cause))
    if mailing_id is None:
        return False
    found = exists().where(Message.mailing_id == mailing_id, Message.dedupe_key == dedupe_key)
    return bool(session.scalar(select(found)))


def cancel_pending(
    session: Session,
    *,
    now: datetime,
    reason: str,
    subscription_id: int | None = None,
    subscriber_id: int | None = None,
    mailing_id: int | None = None,
    kinds: Collection[str] | None = None,
) -> int:
    """Cancel what has not left; return how many messages will not be sent.

    For one reader this reaches into windows that workers hold: a claimed message is cancelled, one that is
    about to be sent is marked, and the worker's last look before MAIL sees the mark. For a whole mailing the
    last look at the mailing's state does the same without locking every window.

    :raises InvalidInput: a subscription is named without its subscriber, by whom its messages are found.
    """
    wanted = {
        "subscriber_id = :subscriber_id": subscriber_id,
        "subscription_id = :subscription_id": subscription_id,
        "mailing_id = :mailing_id": mailing_id,
        "kind = ANY(:kinds)": None if kinds is None else list(kinds),
    }
    conditions = [condition for condition, value in wanted.items() if value is not None]
    if subscription_id is None and subscriber_id is None and mailing_id is None:
        raise InvalidInput("Say whose messages to cancel: a subscription, a subscriber or a mailing.")
    if subscription_id is not None and subscriber_id is None:
        raise InvalidInput("Say whose subscription it is: messages are found by their subscriber.")
    if subscriber_id is not None:
        pending = "state IN ('planned', 'held', 'deferred', 'claimed', 'sending')"
    else:
        # Two conditions, each with a partial index: a stopped mailing's other rows are not read again.
        pending = "(state IN ('planned', 'deferred') OR state = 'held')"
    statement = text(
        f"""
        WITH picked AS (
            SELECT mailing_id, id FROM messages
            WHERE {pending} AND {" AND ".join(conditions)}
            ORDER BY mailing_id, id FOR UPDATE
        )
        UPDATE messages SET
            state = CASE messages.state WHEN 'sending' THEN 'sending' ELSE 'cancelled' END,
            reason = :reason, state_at = :now,
            owner = CASE messages.state WHEN 'sending' THEN owner END,
            lease_until = CASE messages.state WHEN 'sending' THEN lease_until END
        FROM picked WHERE messages.mailing_id = picked.mailing_id AND messages.id = picked.id
        """  # noqa: S608  # built from constants
    )
    values = {
        "reason": reason,
        "now": now,
        "subscription_id": subscription_id,
        "subscriber_id": subscriber_id,
        "mailing_id": mailing_id,
        "kinds": None if kinds is None else list(kinds),
    }
    used = {name: value for name, value in values.items() if f":{name}" in statement.text}
    return _count(session, statement, used)


def hand_over(
    session: Session,
    subscription_id: int,
    *,
    from_subscriber: int,
    to_subscriber: int,
    to_subscription: int | None = None,
) -> int:
    """Count the messages of a subscription to the person it belongs to now; return how many there are.

    `to_subscription` is the one that goes on in its place, if it is another.
    """
    statement = text(
        "UPDATE messages SET subscriber_id = :to_subscriber, subscription_id = :to_subscription "
        "WHERE subscriber_id = :from_subscriber AND subscription_id = :subscription_id"
    )
    values = {
        "from_subscriber": from_subscriber,
        "to_subscriber": to_subscriber,
        "to_subscription": subscription_id if to_subscription is None else to_subscription,
        "subscription_id": subscription_id,
    }
    return _count(session, statement, values)


def send_again(session: Session, mailing_id: int, message_id: int, *, now: datetime) -> bool:
    """Plan an unknown message once more, because an operator decided so; say whether it was unknown."""
    statement = text(
        """
        WITH message AS (
            UPDATE messages SET state = 'planned', reason = '', due_at = :now, state_at = :now, owner = NULL
            WHERE mailing_id = :mailing_id AND id = :id AND state = 'unknown' RETURNING mailing_id
        ), reopened AS (
            UPDATE mailings SET state = 'sending', finished_at = NULL
            WHERE state = 'finished' AND id IN (SELECT mailing_id FROM message)
        )
        SELECT mailing_id FROM message
        """
    )
    row = session.execute(statement, {"mailing_id": mailing_id, "id": message_id, "now": now}).first()
    return row is not None


def leave(session: Session, mailing_id: int, message_id: int, *, now: datetime) -> bool:
    """Settle a message of unknown outcome as not to be sent again; it stays counted as unknown."""
    statement = text(
        "UPDATE messages SET reason = 'left', state_at = :now, owner = NULL "
        "WHERE mailing_id = :mailing_id AND id = :id AND state = 'unknown'"
    )
    return _count(session, statement, {"mailing_id": mailing_id, "id": message_id, "now": now}) == 1


def _plain(value: object) -> object:
    if isinstance(value, MessageState):
        return value.value
    return json.dumps(value) if isinstance(value, dict) else value


def _count(session: Session, statement: Any, values: dict[str, Any]) -> int:
    return int(session.execute(statement, values).rowcount)  # type: ignore[attr-defined]  # a CursorResult
