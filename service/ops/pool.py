"""The stories that wait for the readers of one topic, as a digest would rank them, with what decides it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from service.articles import settling
from service.articles.models import Article, ArticleTopic
from service.digests import curations, pool
from service.digests.models import Curation
from service.digests.selection import telling
from service.digests.selection.values import EVERYWHERE, Candidate
from service.languages import speech
from service.newsletters.models import Newsletter, Topic
from service.ops import actors, coverage
from service.popularity import queries as popularity
from service.popularity.models import ArticleScore

#: What is new to readers of each rhythm who are due now: value, length and words.
SPANS = {
    "day": (timedelta(days=1), "a day"),
    "week": (timedelta(days=7), "a week"),
    "fortnight": (timedelta(days=14), "two weeks"),
    "month": (timedelta(days=31), "a month"),
}
#: Articles that rest, shown below.
_RESTING = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """One story: the article that would be sent, and what decides where it stands."""

    article: Article
    #: The other articles of the story, earliest first.
    others: tuple[Article, ...]
    #: Of whichever article readers have had; None while nothing is known.
    score: ArticleScore | None
    #: What its readers would read: "You follow Science".
    reason: str
    #: 1 is an average article; what editors want is in it.
    lift: float
    pinned: bool
    #: What editors want of it.
    curations: tuple[Curation, ...]


@dataclass(frozen=True, slots=True)
class TopicPool:
    """One page of what waits in a topic, the best first."""

    topic: Topic
    newsletter: Newsletter
    waiting: tuple[Waiting, ...]
    #: How many stories there are on all pages.
    total: int
    #: Stories that editors left out.
    excluded: tuple[Waiting, ...]
    #: Articles that are not settled yet, or under embargo.
    resting: tuple[Article, ...]
    #: Who made the curations, by actor.
    names: dict[str, str]


def read(
    session: Session, topic: Topic, *, span: timedelta, first: int = 0, limit: int, now: datetime
) -> TopicPool:
    """Return the stories that have come into a topic within a span, and those that are pinned for it."""
    newsletter = topic.newsletter
    fresh = coverage.fresh_stories(session, [topic.id], since=now - span)[topic.id]
    window = pool.read_stories(session, newsletter, fresh, until_seq=settling.cutoff(session), now=now)
    out = coverage.excluded(window.curations, topic.id) & fresh
    ranked = sorted(
        (one for one in window.fold() if _belongs(one, topic.id, fresh)),
        key=lambda one: (not _is_pinned(one, topic.id), -_lift(one, topic.id), -one.seq, one.article_id),
    )
    shown = ranked[first : first + limit]
    stories = [one.story_id for one in shown]
    members = _members(session, {*stories, *out})
    wanted = _curations(session, newsletter.id, members, now=now)
    scores = popularity.scores(session, [article.id for each in members.values() for article in each])
    with speech.speaking("en"):
        waiting = tuple(
            _waiting(one, topic, members.get(one.story_id, []), scores, wanted.get(one.story_id, ()))
            for one in shown
            if one.story_id in members
        )
    return TopicPool(
        topic=topic,
        newsletter=newsletter,
        waiting=waiting,
        total=len(ranked),
        excluded=tuple(
            _left_out(members[key], scores, wanted.get(key, ()))
            for key in sorted(out, reverse=True)
            if key in members
        ),
        resting=tuple(_resting(session, topic.id)),
        names=actors.names(session, {row.made_by for rows in wanted.values() for row in rows}),
    )


def _belongs(one: Candidate, topic_id: int, fresh: Collection[int]) -> bool:
    stands = any(place.topic_id == topic_id for place in one.places)
    return stands and (one.story_id in fresh or _is_pinned(one, topic_id))


def _is_pinned(one: Candidate, topic_id: int) -> bool:
    return not one.pins.isdisjoint({EVERYWHERE, topic_id})


def _lift(one: Candidate, topic_id: int) -> float:
    return next((place.lift for place in one.places if place.topic_id == topic_id), 0.0)


def _waiting(
    one: Candidate,
    topic: Topic,
    members: Sequence[Article],
    scores: dict[int, ArticleScore],
    wanted: Sequence[Curation],
) -> Waiting:
    pinned = _is_pinned(one, topic.id)
    key = "editors" if pinned else "popular" if one.popular else "new"
    raised = any(place.boosted for place in one.places if place.topic_id == topic.id)
    return Waiting(
        article=next(article for article in members if article.id == one.article_id),
        others=tuple(article for article in members if article.id != one.article_id),
        score=_known(members, scores),
        reason=telling.reason(
            key, topic=topic.name, span=telling.WEEK, follows=True, raised=raised and not pinned
        ),
        lift=_lift(one, topic.id),
        pinned=pinned,
        curations=tuple(wanted),
    )


def _left_out(
    members: Sequence[Article], scores: dict[int, ArticleScore], wanted: Sequence[Curation]
) -> Waiting:
    first, *others = members
    return Waiting(first, tuple(others), _known(members, scores), "", 0.0, False, tuple(wanted))


def _known(members: Sequence[Article], scores: dict[int, ArticleScore]) -> ArticleScore | None:
    known = [scores[article.id] for article in members if article.id in scores]
    return max(known, key=lambda score: (score.observed, -score.article_id), default=None)


def _members(session: Session, stories: Collection[int]) -> dict[int, list[Article]]:
    rows = session.scalars(
        select(Article)
        .where(
            Article.id.in_(stories) | Article.story_id.in_(stories),
            func.coalesce(Article.story_id, Article.id).in_(stories),
            Article.withdrawn_at.is_(None),
        )
        .options(joinedload(Article.source))
        .order_by(Article.published_at, Article.id)
    )
    found: dict[int, list[Article]] = {}
    for article in rows:
        found.setdefault(article.story_id or article.id, []).append(article)
    return found


def _curations(
    session: Session, newsletter_id: int, members: dict[int, list[Article]], *, now: datetime
) -> dict[int, list[Curation]]:
    story_of = {article.id: key for key, articles in members.items() for article in articles}
    found: dict[int, list[Curation]] = {}
    for row in curations.in_force(session, newsletter_id, now=now):
        if row.article_id in story_of:
            found.setdefault(story_of[row.article_id], []).append(row)
    return found


def _resting(session: Session, topic_id: int) -> Sequence[Article]:
    return session.scalars(
        select(Article)
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .where(
            ArticleTopic.topic_id == topic_id,
            ArticleTopic.eligible_seq.is_(None),
            Article.withdrawn_at.is_(None),
        )
        .options(joinedload(Article.source))
        .order_by(Article.published_at, Article.id)
        .limit(_RESTING)
    ).all()
