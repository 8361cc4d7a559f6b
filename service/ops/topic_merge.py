"""Merging and closing topics: what it means is said beforehand, and everything that names one moves."""

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.articles import topic_moves as articles
from service.articles.topic_moves import Belongings
from service.blasts import topic_moves as blasts
from service.blasts.topic_moves import Audiences
from service.db import Sessions, transaction
from service.digests import topic_moves as digests
from service.errors import Conflict, NotFound
from service.newsletters import queries, topics
from service.newsletters.models import Newsletter, Topic
from service.reports import topic_moves as reports
from service.subscribers import topic_moves as subscribers
from service.subscribers.topic_moves import Followers

#: Readers of one transaction.
SLICE = 2_000
#: Seconds after which a round of housekeeping lets others have the worker.
IN_A_ROUND = 20.0


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


def begin(session: Session, gone_id: int, kept_id: int, *, actor: str, now: datetime) -> Plan:
    """Decide on a merge: from the commit on `go_on` brings it to its end, whoever calls it.

    :raises Conflict: as `plan`, by what holds now.
    """
    newsletter_id = queries.get_topic(session, gone_id).newsletter_id
    topics.lock(session, queries.get(session, newsletter_id))
    gone, kept = queries.get_topic(session, gone_id), queries.get_topic(session, kept_id)
    # Chains move one link at a time: readers on their way into a topic that leaves would be left behind.
    if gone.is_merging or kept.is_merging or topics.is_taking_over(session, gone):
        raise Conflict("One of the two is being merged just now. Wait until it is done.")
    found = plan(session, gone, kept, now=now)
    facts: dict[str, object] = {"readers": found.followers.following, "articles": found.belongings.articles}
    topics.begin_merge(session, gone, kept, facts=facts, actor=actor, now=now)
    return found


def go_on(sessions: Sessions, *, now: datetime, seconds: float = float("inf")) -> bool:
    """Bring every merge that was begun to its end; False when the time is over before. Safe to run twice.

    Readers move a few at a time, so that whoever of them unsubscribes meanwhile waits for a moment only. The
    articles stand in both topics until the last of them has moved.
    """
    ends = time.monotonic() + seconds
    with transaction(sessions) as session:
        begun = [(each.id, each.merged_into_id, each.newsletter_id) for each in topics.merging(session)]
    for gone, kept, newsletter_id in begun:
        if kept is None:
            continue
        with transaction(sessions) as session:
            left = subscribers.followers(session, gone)
        for start in range(0, len(left), SLICE):
            if time.monotonic() > ends:
                return False
            with transaction(sessions) as session:
                if not _goes_on(session, gone, kept):
                    break
                articles.share(session, newsletter_id, gone, kept)
                subscribers.move_some(session, left[start : start + SLICE], gone, kept)
        with transaction(sessions) as session:
            _finish(session, gone, now=now)
    with transaction(sessions) as session:
        _bring_after(session)
    return True


def _goes_on(session: Session, gone_id: int, kept_id: int) -> bool:
    """Say whether this merge is still under way: another worker may have finished it meanwhile."""
    gone = queries.get_topic(session, gone_id)
    return gone.is_merging and gone.merged_into_id == kept_id


def _bring_after(session: Session) -> None:
    """Move whoever chose a topic in the very moment in which it closed: their form was read before that."""
    for gone in topics.merged(session):
        late = subscribers.followers(session, gone.id)
        if late and gone.merged_into_id is not None:
            subscribers.move_some(session, late, gone.id, gone.merged_into_id)


def _finish(session: Session, gone_id: int, *, now: datetime) -> None:
    newsletter_id = queries.get_topic(session, gone_id).newsletter_id
    topics.lock(session, queries.get(session, newsletter_id))
    gone = queries.get_topic(session, gone_id)
    kept_id = gone.merged_into_id
    if not gone.is_merging or kept_id is None:
        return
    kept = queries.get_topic(session, kept_id)
    articles.move(session, newsletter_id, gone.id, kept.id)
    subscribers.move(session, newsletter_id, gone.id, kept.id)
    blasts.move(session, blasts.audiences(session, newsletter_id, gone.id), gone.id, kept.id)
    digests.move(session, gone.id, kept.id, actor="system", now=now)
    reports.move(session, gone.id, kept.id)
    topics.absorb(session, gone, kept, now=now)


def closing(session: Session, topic: Topic) -> Closing:
    """Say what closing would mean for readers and for what names the topic."""
    newsletter = topic.newsletter
    open_ = [each.id for each in newsletter.open_topics if each is not topic]
    closed = [each.id for each in newsletter.topics if each.archived_at is not None]
    before = _stranded(session, newsletter, closed=closed, open_=[*open_, topic.id])
    after = _stranded(session, newsletter, closed=[*closed, topic.id], open_=open_)
    return Closing(
        topic,
        subscribers.count_following(session, newsletter.id, topic.id),
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
