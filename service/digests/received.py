"""Which stories a reader has had, as stories are folded by now."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from service.articles import stories
from service.recipes import queries as recipes


def received_stories(
    session: Session, subscription_ids: Collection[int], *, now: datetime
) -> dict[int, frozenset[int]]:
    """Return the stories of every mail of the last 13 weeks that each subscription may have got.

    Digests and blasts alike. An article that was folded into another's story after it was sent counts for
    that story, and so does one that was withdrawn since.
    """
    articles = recipes.received(session, subscription_ids, now=now)
    folded = stories.story_of(session, {article_id for ids in articles.values() for article_id in ids})
    return {
        subscription_id: frozenset(folded.get(article_id, article_id) for article_id in ids)
        for subscription_id, ids in articles.items()
    }
