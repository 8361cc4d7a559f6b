"""Planning in bulk: the same mail for every reader of a query, written by the database itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from service.delivery.models import Mailing, Message, MessageState


@dataclass(frozen=True, slots=True)
class Slice:
    """What one statement came to."""

    #: Readers that the query found, with and without a message before.
    readers: int
    #: The largest subscription id among them; None where there were none.
    last_id: int | None
    #: Messages that were not there before.
    new: int


def put_audience(
    session: Session,
    mailing: Mailing,
    audience: Select[int, int],
    *,
    kind: str,
    recipe_id: int | None,
    now: datetime,
) -> Slice:
    """Plan one mail for each (subscription id, subscriber id) of a query; what is there already stays.

    No row passes through this process, and the query is asked once: what it finds is what is written.
    """
    readers = audience.cte("readers")
    subscription_id, subscriber_id = readers.c
    values: dict[Any, ColumnElement[Any]] = {
        Message.mailing_id: literal(mailing.id),
        Message.dedupe_key: func.concat("subscription ", subscription_id),
        Message.stream: literal(mailing.stream, Message.stream.type),
        Message.kind: literal(kind),
        Message.subscriber_id: subscriber_id,
        Message.subscription_id: subscription_id,
        Message.recipe_id: literal(recipe_id, Message.recipe_id.type),
        Message.variant: literal(0),
        Message.details: literal({}, JSONB),
        Message.return_path_token: _random(),
        Message.message_id: _random(),
        Message.state: literal(MessageState.PLANNED, Message.state.type),
        Message.reason: literal(""),
        Message.attempts: literal(0),
        Message.due_at: literal(now, Message.due_at.type),
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
    found = session.execute(
        select(
            select(func.count()).select_from(readers).scalar_subquery(),
            select(func.max(subscription_id)).scalar_subquery(),
            select(func.count()).select_from(new).scalar_subquery(),
        )
    ).one()
    return Slice(*found)


def _random() -> ColumnElement[str]:
    """Return 122 random bits in 32 characters, others for each row."""
    return func.replace(cast(func.gen_random_uuid(), String), "-", "")
