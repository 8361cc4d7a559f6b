"""Reading recipes: for composing mails, and for "never the same article twice"."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.delivery.models import PENDING, MessageState
from service.recipes.models import Recipe

#: How long an article is remembered as received (DESIGN 4).
MEMORY = timedelta(weeks=13)

#: States in which a mail has reached its reader, may have, or still may.
MAY_REACH = PENDING | {MessageState.SENT, MessageState.UNKNOWN}

_FOR_SENDING = text(
    """
    SELECT id, newsletter_id, subject, content ->> 'preheader', content_hash, html_hash, text_hash,
        array_to_string(piece_ids, ' '), created_at,
        content -> 'merge',
        kind = 'digest' AND article_ids && ARRAY(
            SELECT id FROM articles WHERE withdrawn_at >= (
                SELECT min(created_at) - interval '1 day' FROM recipes WHERE id = ANY(:recipe_ids)
            )
        )
    FROM recipes WHERE id = ANY(:recipe_ids)
    """
)

_RECEIVED = text(
    """
    SELECT message.subscription_id, message.recipe_id
    FROM subscriptions
    JOIN messages AS message ON message.subscriber_id = subscriptions.subscriber_id
        AND message.subscription_id = subscriptions.id
    WHERE subscriptions.id = ANY(:subscription_ids) AND message.recipe_id IS NOT NULL
      AND message.created_at >= :since AND message.state = ANY(:states)
    """
)


class RecipeRow(NamedTuple):
    """What sending needs of a recipe, in the order of the query."""

    id: int
    newsletter_id: int
    subject: str
    #: None for blasts, and where the frame holds it already.
    preheader: str | None
    content_hash: bytes
    html_hash: bytes
    text_hash: bytes
    #: In order, with spaces between: an array takes ten times as long to read.
    piece_ids: str
    created_at: datetime
    #: Of a blast: name and fallback of each merge field, in the order of the slots.
    merge: list[tuple[str, str]] | None
    #: A digest that holds an article which was withdrawn since it was planned.
    withdrawn: bool


def for_sending(session: Session, recipe_ids: Collection[int]) -> list[RecipeRow]:
    """Return the recipes that there are among these ids, as plain rows: an entity costs as much as a mail."""
    rows = session.execute(_FOR_SENDING, {"recipe_ids": list(recipe_ids)})
    return [RecipeRow._make(row) for row in rows.all()]


def received(
    session: Session, subscription_ids: Collection[int], *, since: datetime
) -> dict[int, frozenset[int]]:
    """Return the articles of every mail since then that each subscription may have got."""
    mails = received_recipes(session, subscription_ids, since=since)
    held = articles_of(session, {recipe_id for ids in mails.values() for recipe_id in ids})
    return {
        subscription_id: frozenset(key for recipe_id in ids for key in held.get(recipe_id, ()))
        for subscription_id, ids in mails.items()
    }


def received_recipes(
    session: Session, subscription_ids: Collection[int], *, since: datetime
) -> dict[int, list[int]]:
    """Return the recipes of every mail since then that each subscription may have got."""
    rows = session.execute(
        _RECEIVED,
        {
            "subscription_ids": list(subscription_ids),
            "since": since,
            "states": [state.value for state in MAY_REACH],
        },
    )
    found: dict[int, list[int]] = {}
    for subscription_id, recipe_id in rows:
        found.setdefault(subscription_id, []).append(recipe_id)
    return found


def articles_of(session: Session, recipe_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the articles of each of these recipes, in slot order."""
    rows = session.execute(select(Recipe.id, Recipe.article_ids).where(Recipe.id.in_(recipe_ids)))
    return dict(rows.all())
