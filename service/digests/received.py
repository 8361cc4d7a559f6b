"""Which stories a reader has had, as stories are folded by now."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.articles import stories
from service.recipes import queries as recipes
from service.recipes.queries import MEMORY


def received_stories(
    session: Session, subscription_ids: Collection[int], *, now: datetime
) -> dict[int, frozenset[int]]:
    """Return the stories of every mail of the last 13 weeks that each subscription may have got.

    Digests and blasts alike. An article that was folded into another's story after it was sent counts for
    that story, and so does one that was withdrawn since.
    """
    articles = recipes.received(session, subscription_ids, since=now - MEMORY)
    folded = stories.story_of(session, {article_id for ids in articles.values() for article_id in ids})
    return {
        subscription_id: frozenset(folded.get(article_id, article_id) for article_id in ids)
        for subscription_id, ids in articles.items()
    }


@dataclass(frozen=True, slots=True)
class OnOffer:
    """The articles of the stories on offer: only these can matter, in mails since the oldest of them."""

    story_of: dict[int, int]
    since: datetime

    def received(self, session: Session, subscription_ids: Collection[int]) -> dict[int, frozenset[int]]:
        """Return which of the stories each subscription may have got; who had none of them is missing."""
        if not subscription_ids or not self.story_of:
            return {}
        mails = recipes.received_recipes(session, subscription_ids, since=self.since)
        held = recipes.articles_of(session, {recipe_id for ids in mails.values() for recipe_id in ids})
        told = {recipe_id: self._stories(ids) for recipe_id, ids in held.items()}
        found = {
            subscription_id: frozenset().union(*(told.get(recipe_id, _NONE) for recipe_id in ids))
            for subscription_id, ids in mails.items()
        }
        return {subscription_id: own for subscription_id, own in found.items() if own}

    def _stories(self, article_ids: Iterable[int]) -> frozenset[int]:
        return frozenset(self.story_of[key] for key in article_ids if key in self.story_of)


_NONE: frozenset[int] = frozenset()


def on_offer(session: Session, story_ids: Collection[int], *, now: datetime) -> OnOffer:
    """Read the articles of these stories, withdrawn ones too."""
    members = stories.members(session, story_ids)
    oldest = min((one.known_at for one in members), default=now)
    return OnOffer({one.article_id: one.story_id for one in members}, max(oldest, now - MEMORY))
