"""Reading recipes: for composing mails, and for "never the same article twice"."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.delivery.models import PENDING, MessageState
from service.recipes.models import Fragment, Recipe

#: How long an article is remembered as received (DESIGN 4).
MEMORY = timedelta(weeks=13)

#: States in which a mail has reached its reader, may have, or still may.
MAY_REACH = PENDING | {MessageState.SENT, MessageState.UNKNOWN}

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


def find_many(session: Session, recipe_ids: Collection[int]) -> dict[int, Recipe]:
    """Return the recipes that there are among these ids."""
    rows = session.scalars(select(Recipe).where(Recipe.id.in_(recipe_ids)))
    return {recipe.id: recipe for recipe in rows}


def fragments(session: Session, recipes: Iterable[Recipe]) -> dict[bytes, str]:
    """Return the rendered parts of these recipes by hash, in one query."""
    hashes = {part for recipe in recipes for part in (recipe.html_hash, recipe.text_hash)}
    rows = session.execute(select(Fragment.hash, Fragment.content).where(Fragment.hash.in_(hashes)))
    return {row.hash: row.content for row in rows}


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
