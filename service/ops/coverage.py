"""What each topic has for its readers this week, and what could be done where that is little."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from service.articles import suggesting
from service.articles.models import Article, ArticleTopic, Source
from service.articles.suggesting import Suggestion
from service.digests import curations, tallying
from service.digests.folding import StoryCuration
from service.digests.models import CurationKind
from service.digests.selection.values import EVERYWHERE
from service.newsletters.models import Newsletter, Topic

WEEK = timedelta(days=7)
#: Topics with fewer new stories in a week are thin: no digest of theirs alone would reach most floors.
THIN = 3
#: Sources that brought something in a topic within so long belong to it.
_BROUGHT = timedelta(days=28)

# A story is new in a topic when its first article there is: a copy that comes later is no news.
_FRESH = text(
    """
    WITH fresh AS (
        SELECT DISTINCT place.topic_id, coalesce(article.story_id, article.id) AS story_id
        FROM article_topics AS place JOIN articles AS article ON article.id = place.article_id
        WHERE place.topic_id = ANY(:topic_ids) AND place.settled_at >= :since
          AND article.withdrawn_at IS NULL
    )
    SELECT topic_id, story_id FROM fresh
    WHERE NOT EXISTS (
        SELECT FROM articles AS earlier JOIN article_topics AS place ON place.article_id = earlier.id
        WHERE (earlier.id = fresh.story_id OR earlier.story_id = fresh.story_id)
          AND place.topic_id = fresh.topic_id AND place.settled_at < :since
    )
    """
)


@dataclass(frozen=True, slots=True)
class Covered:
    """One topic: stories that wait for its readers, and what stands in the way of more."""

    topic: Topic
    stories: int
    #: Left out by editors.
    excluded: int
    #: Articles that rest, or are under embargo.
    resting: int
    #: Active readers who chose it, when they were last counted.
    readers: int
    #: Of thin topics only: sources that brought something lately and do not any more.
    broken: tuple[Source, ...] = ()
    #: Of thin topics only: categories that seem to mean it, and wait for a decision.
    suggested: tuple[Suggestion, ...] = ()

    @property
    def is_thin(self) -> bool:
        return self.stories < THIN


def read(session: Session, newsletter: Newsletter, *, now: datetime) -> list[Covered]:
    """Return every open topic in the newsletter's order."""
    topics = newsletter.open_topics
    fresh = fresh_stories(session, [topic.id for topic in topics], since=now - WEEK)
    wanted = curations.of_stories(session, newsletter.id, now=now)
    out = {topic.id: fresh[topic.id] & excluded(wanted, topic.id) for topic in topics}
    resting = _resting(session, [topic.id for topic in topics])
    readers = tallying.readers_of_topics(session, newsletter.id)
    thin = {topic.id for topic in topics if len(fresh[topic.id]) - len(out[topic.id]) < THIN}
    broken = _broken(session, thin, now=now)
    suggested: dict[int, list[Suggestion]] = {}
    for one in suggesting.suggest(session, newsletter) if thin else ():
        suggested.setdefault(one.topic_id, []).append(one)
    return [
        Covered(
            topic=topic,
            stories=len(fresh[topic.id]) - len(out[topic.id]),
            excluded=len(out[topic.id]),
            resting=resting[topic.id],
            readers=readers.get(topic.id, 0),
            broken=tuple(broken.get(topic.id, ())),
            suggested=tuple(suggested.get(topic.id, ())) if topic.id in thin else (),
        )
        for topic in topics
    ]


def fresh_stories(session: Session, topic_ids: Collection[int], *, since: datetime) -> dict[int, set[int]]:
    """Return the stories of each topic that have come into it since."""
    found: dict[int, set[int]] = {topic_id: set() for topic_id in topic_ids}
    for topic_id, story_id in session.execute(_FRESH, {"topic_ids": list(topic_ids), "since": since}):
        found[topic_id].add(story_id)
    return found


def excluded(wanted: Iterable[StoryCuration], topic_id: int) -> set[int]:
    """Return the stories that editors left out, for readers of this topic or for all."""
    return {
        one.story_id
        for one in wanted
        if one.kind is CurationKind.EXCLUDE and one.topic_id in {EVERYWHERE, topic_id}
    }


def _resting(session: Session, topic_ids: Collection[int]) -> Counter[int]:
    rows = session.execute(
        select(ArticleTopic.topic_id, func.count())
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(
            ArticleTopic.eligible_seq.is_(None),
            ArticleTopic.topic_id.in_(topic_ids),
            Article.withdrawn_at.is_(None),
        )
        .group_by(ArticleTopic.topic_id)
    )
    return Counter(dict(rows.all()))


def _broken(session: Session, topic_ids: Collection[int], *, now: datetime) -> dict[int, list[Source]]:
    if not topic_ids:
        return {}
    rows = session.execute(
        select(ArticleTopic.topic_id, Source)
        .join(Article, Article.id == ArticleTopic.article_id)
        .join(Source, Source.id == Article.source_id)
        .where(
            ArticleTopic.topic_id.in_(topic_ids),
            Article.published_at > now - _BROUGHT,
            or_(Source.last_error.is_not(None), ~Source.enabled),
        )
        .distinct()
        .order_by(Source.name, Source.id)
    )
    found: dict[int, list[Source]] = {}
    for topic_id, source in rows:
        found.setdefault(topic_id, []).append(source)
    return found
