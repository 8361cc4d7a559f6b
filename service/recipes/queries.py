"""Reading recipes: for composing mails, and for "never the same article twice"."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.delivery.models import PENDING, MessageState

#: How long an article is remembered as received (DESIGN 4).
MEMORY = timedelta(weeks=13)

#: States in which a mail has reached its reader, may have, or still may.
MAY_REACH = PENDING | {MessageState.SENT, MessageState.UNKNOWN}

_FOR_SENDING = text(
    """
    SELECT id, newsletter_id, subject, content ->> 'preheader', content_hash, html_hash, text_hash,
        array_to_string(piece_ids, ' '), created_at,
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
    SELECT message.subscription_id, array_agg(DISTINCT article_id)
    FROM subscriptions
    JOIN messages AS message ON message.subscriber_id = subscriptions.subscriber_id
        AND message.subscription_id = subscriptions.id
    JOIN recipes ON recipes.id = message.recipe_id
    CROSS JOIN LATERAL unnest(recipes.article_ids) AS article_id
    WHERE subscriptions.id = ANY(:subscription_ids)
      AND message.created_at >= :since AND message.state = ANY(:states)
    GROUP BY message.subscription_id
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
    #: A digest that holds an article which was withdrawn since it was planned.
    withdrawn: bool


def for_sending(session: Session, recipe_ids: Collection[int]) -> list[RecipeRow]:
    """Return the recipes that there are among these ids, as plain rows: an entity costs as much as a mail."""
    rows = session.execute(_FOR_SENDING, {"recipe_ids": list(recipe_ids)})
    return [RecipeRow._make(row) for row in rows.all()]


def received(
    session: Session, subscription_ids: Collection[int], *, now: datetime
) -> dict[int, frozenset[int]]:
    """Return the articles of every mail of the last 13 weeks that each subscription may have got."""
    rows = session.execute(
        _RECEIVED,
        {
            "subscription_ids": list(subscription_ids),
            "since": now - MEMORY,
            "states": [state.value for state in MAY_REACH],
        },
    )
    return {subscription_id: frozenset(article_ids) for subscription_id, article_ids in rows}
