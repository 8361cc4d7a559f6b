"""Planning in bulk: the same mail for every reader of a query, written by the database itself."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, case, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from service.delivery.models import Mailing, Message, MessageState

#: What a query may say of each reader beside who it is.
_MORE = ("due_at", "slot_at", "expires_at", "skip_reason")


def put_audience(
    session: Session,
    mailing: Mailing,
    audience: Select[int, int],
    *,
    kind: str,
    recipe_id: int | None,
    now: datetime,
    variant: int = 0,
) -> int:
    """Plan one mail for each (subscription id, subscriber id) of a query; return how many were new.

    The query may have more columns: `due_at` (not before; else now), `slot_at` (its proper time, which no
    later try moves), `expires_at` (not after), and `skip_reason` (who has one is skipped, with a row). No
    row passes through this process. Messages that are there already stay as they are.
    """
    who = audience.subquery("who")
    # One draw of the system's randomness and a hash per reader: two UUIDs were a third of the whole cost.
    secret = literal(secrets.token_bytes(32), LargeBinary)
    digest = func.sha256(secret.op("||")(func.int8send(who.c[0])))
    # OFFSET 0 keeps the hash from being made twice.
    more = [column for column in who.c if column.key in _MORE]
    drawn = select(who.c[0], who.c[1], func.encode(digest, "hex").label("random"), *more).offset(0)
    readers = drawn.subquery("readers")
    subscription_id, subscriber_id, random, *_ = readers.c
    due_at, slot_at, expires_at, skip_reason = (readers.c.get(name) for name in _MORE)
    planned: ColumnElement[Any] = literal(MessageState.PLANNED, Message.state.type)
    values: dict[Any, ColumnElement[Any]] = {
        Message.mailing_id: literal(mailing.id),
        Message.dedupe_key: func.concat("subscription ", subscription_id),
        Message.stream: literal(mailing.stream, Message.stream.type),
        Message.kind: literal(kind),
        Message.subscriber_id: subscriber_id,
        Message.subscription_id: subscription_id,
        Message.recipe_id: literal(recipe_id, Message.recipe_id.type),
        Message.variant: literal(variant),
        Message.details: _details(slot_at=slot_at, expires_at=expires_at),
        Message.return_path_token: func.left(random, 32),
        Message.message_id: func.right(random, 32),
        Message.state: planned if skip_reason is None else _state(skip_reason),
        Message.reason: literal("") if skip_reason is None else skip_reason,
        Message.attempts: literal(0),
        Message.due_at: literal(now, Message.due_at.type) if due_at is None else due_at,
        Message.created_at: literal(now, Message.created_at.type),
        Message.state_at: literal(now, Message.state_at.type),
    }
    new = (
        insert(Message)
        .from_select([*values], select(*values.values()), include_defaults=False)
        .on_conflict_do_nothing(index_elements=[Message.mailing_id, Message.dedupe_key])
        .returning(Message.id)
        .cte("new")
    )
    return session.scalar(select(func.count()).select_from(new)) or 0


def _state(skip_reason: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = Message.state.type
    return case(
        (skip_reason == "", literal(MessageState.PLANNED, kind)), else_=literal(MessageState.SKIPPED, kind)
    )


def _details(**instants: ColumnElement[Any] | None) -> ColumnElement[Any]:
    """As JSON writes instants; sessions are in UTC."""
    known = [part for name, instant in instants.items() if instant is not None for part in (name, instant)]
    return func.jsonb_build_object(*known) if known else literal({}, JSONB)
