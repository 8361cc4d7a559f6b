"""What one reader's digests contained, for the reader's own feed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.archive import stories
from service.archive.stories import Story
from service.delivery.models import Message, MessageState
from service.recipes import queries as recipes
from service.subscribers import queries
from service.subscribers.models import Subscription, SubscriptionState

#: Digests and articles that a feed goes back.
MOST_DIGESTS, MOST_STORIES = 20, 100


@dataclass(frozen=True, slots=True)
class Received:
    """An article, and when the digest that held it was sent."""

    story: Story
    at: datetime


def find_owner(session: Session, subscription_id: int, *, generation: int) -> Subscription | None:
    """Return whose feed an address is; None when it was taken back, or its owner has left."""
    owner = queries.find(session, subscription_id)
    if owner is None or owner.state is not SubscriptionState.ACTIVE:
        return None
    return owner if owner.feed_on and owner.feed_generation == generation else None


def received(session: Session, owner: Subscription) -> list[Received]:
    """Return the articles of the latest digests that were sent, newest digest first, each once."""
    rows = session.execute(
        select(Message.recipe_id, Message.sent_at, Message.state_at)
        .where(
            Message.subscriber_id == owner.subscriber_id,
            Message.subscription_id == owner.id,
            Message.kind == "digest",
            Message.state == MessageState.SENT,
            Message.recipe_id.is_not(None),
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(MOST_DIGESTS)
    ).all()
    held = recipes.articles_of(session, {recipe_id for recipe_id, _, _ in rows if recipe_id is not None})
    moments: dict[int, datetime] = {}
    for recipe_id, sent_at, state_at in rows:
        for article_id in held.get(recipe_id or 0, ()):
            moments.setdefault(article_id, sent_at or state_at)
    wanted = list(moments)[:MOST_STORIES]
    found = stories.find(session, wanted, newsletter=owner.newsletter)
    return [Received(found[key], moments[key]) for key in wanted if key in found]
