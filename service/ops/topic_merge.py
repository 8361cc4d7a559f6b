"""Merging and closing topics: what it means is said beforehand, and everything that names one moves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.articles import topic_moves as articles
from service.articles.topic_moves import Belongings
from service.blasts import topic_moves as blasts
from service.blasts.topic_moves import Audiences
from service.digests import topic_moves as digests
from service.errors import Conflict, NotFound
from service.newsletters import queries, topics
from service.newsletters.models import Newsletter, Topic
from service.reports import topic_moves as reports
from service.subscribers import topic_moves as subscribers
from service.subscribers.topic_moves import Followers


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge would move."""

    gone: Topic
    kept: Topic
    followers: Followers
    belongings: Belongings
    audiences: Audiences
    curations: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing a topic would mean."""

    topic: Topic
    following: int
    #: Readers who have no other open topic, and would get nothing.
    stranded: int
    belongings: Belongings
    audiences: Audiences


def plan(session: Session, gone: Topic, kept: Topic, *, now: datetime) -> Plan:
    """Say what merging would do.

    :raises Conflict: they cannot be merged, or an audience stands against it.
    """
    _check(gone, kept)
    found = blasts.audiences(session, gone.newsletter_id, gone.id)
    blasts.check_merge(found, gone.id, kept.id)
    return Plan(
        gone,
        kept,
        subscribers.count(session, gone.newsletter_id, gone.id, kept.id),
        articles.belongings(session, gone.id),
        found,
        digests.count_in_force(session, gone.id, now=now),
    )


def merge(session: Session, gone_id: int, kept_id: int, *, actor: str, now: datetime) -> Plan:
    """Do it, in one transaction: readers, articles, categories, sources, audiences, curations and figures.

    :raises Conflict: as `plan`, by what holds now.
    """
    newsletter_id = queries.get_topic(session, gone_id).newsletter_id
    topics.lock(session, queries.get(session, newsletter_id))
    gone, kept = queries.get_topic(session, gone_id), queries.get_topic(session, kept_id)
    found = plan(session, gone, kept, now=now)
    articles.move(session, newsletter_id, gone.id, kept.id)
    subscribers.move(session, newsletter_id, gone.id, kept.id)
    blasts.move(session, found.audiences, gone.id, kept.id)
    digests.move(session, gone.id, kept.id, actor=actor, now=now)
    reports.move(session, gone.id, kept.id)
    facts: dict[str, object] = {"readers": found.followers.following, "articles": found.belongings.articles}
    topics.absorb(session, gone, kept, facts=facts, actor=actor, now=now)
    return found


def closing(session: Session, topic: Topic) -> Closing:
    """Say what closing would mean for readers and for what names the topic."""
    newsletter = topic.newsletter
    open_ = [each.id for each in newsletter.open_topics if each is not topic]
    closed = [each.id for each in newsletter.topics if each.archived_at is not None]
    before = _stranded(session, newsletter, closed=closed, open_=[*open_, topic.id])
    after = _stranded(session, newsletter, closed=[*closed, topic.id], open_=open_)
    return Closing(
        topic,
        subscribers.count(session, newsletter.id, topic.id, topic.id).following,
        after - before,
        articles.belongings(session, topic.id),
        blasts.audiences(session, newsletter.id, topic.id),
    )


def stranded(session: Session, newsletter: Newsletter) -> int:
    """Count the readers all of whose topics are closed."""
    open_ = [each.id for each in newsletter.open_topics]
    closed = [each.id for each in newsletter.topics if each.archived_at is not None]
    return _stranded(session, newsletter, closed=closed, open_=open_)


def _stranded(session: Session, newsletter: Newsletter, *, closed: list[int], open_: list[int]) -> int:
    found = subscribers.count_stranded(session, [newsletter.id], closed=closed, open_=open_)
    return found.get(newsletter.id, 0)


def _check(gone: Topic, kept: Topic) -> None:
    if gone.newsletter_id != kept.newsletter_id:
        raise NotFound("There is no such topic in this newsletter.")
    if gone.id == kept.id:
        raise Conflict("A topic cannot be merged into itself. Choose another one.")
    if kept.archived_at is not None:
        raise Conflict(f"“{kept.name}” is closed. Open it again first, or choose another topic.")
