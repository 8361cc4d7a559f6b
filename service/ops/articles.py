"""Articles as operators see them: what was published, where it stands, and what editors want of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session, aliased, joinedload

from service.articles import deciding, stories
from service.articles.models import Article, ArticleTopic, CategoryMapping, StoryDecision
from service.digests import curations
from service.digests.models import Curation
from service.errors import NotFound
from service.newsletters.models import Newsletter
from service.ops import actors
from service.popularity import queries as popularity
from service.popularity.models import ArticleScore
from service.popularity.queries import Judged
from service.popularity.scoring import WINDOW


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list; `score` is None while nothing is known of it."""

    article: Article
    score: ArticleScore | None
    #: How many more reports of its story there are.
    others: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; `next` is the id that the following one begins before, if there is one."""

    lines: tuple[Line, ...] = ()
    next: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One article with everything that decides whom it reaches."""

    article: Article
    newsletter: Newsletter
    #: In the newsletter's order; one without a number has not settled yet.
    places: tuple[ArticleTopic, ...]
    score: ArticleScore | None
    #: What the filter made of its clicks and views.
    judged: tuple[Judged, ...]
    #: The other articles of its story.
    others: tuple[Article, ...]
    #: What people said about its story, the latest first.
    decisions: tuple[StoryDecision, ...]
    in_force: tuple[Curation, ...]
    past: tuple[Curation, ...]
    #: Who made and ended them, by actor.
    names: dict[str, str]
    #: Titles of the articles that decisions are about.
    titles: dict[int, str] = field(default_factory=dict)


def list_page(
    session: Session,
    *,
    newsletter_id: int | None = None,
    topic_id: int | None = None,
    source_id: int | None = None,
    category_id: int | None = None,
    words: str = "",
    before: int | None = None,
    limit: int,
) -> Page:
    """Return one page, newest first; `words` must stand in the title, in any case."""
    query = _lines(
        newsletter_id=newsletter_id,
        topic_id=topic_id,
        source_id=source_id,
        category_id=category_id,
        words=words,
    ).order_by(Article.published_at.desc(), Article.id.desc())
    if before is not None:
        place = select(Article.published_at, Article.id).where(Article.id == before).subquery()
        query = query.where(
            tuple_(Article.published_at, Article.id)
            < select(place.c.published_at, place.c.id).scalar_subquery()
        )
    rows = session.execute(query.limit(limit + 1)).all()
    lines = tuple(Line(*row) for row in rows[:limit])
    return Page(lines, lines[-1].article.id if len(rows) > limit else None)


def list_best(
    session: Session,
    *,
    newsletter_id: int | None = None,
    topic_id: int | None = None,
    source_id: int | None = None,
    category_id: int | None = None,
    words: str = "",
    limit: int,
    now: datetime,
) -> Page:
    """Return the best of those that are scored, and no more: nobody turns the pages of a ranking."""
    query = (
        _lines(
            newsletter_id=newsletter_id,
            topic_id=topic_id,
            source_id=source_id,
            category_id=category_id,
            words=words,
        )
        .where(Article.published_at >= now - WINDOW, ArticleScore.article_id.is_not(None))
        .order_by(ArticleScore.score.desc(), Article.id)
        .limit(limit)
    )
    return Page(tuple(Line(*row) for row in session.execute(query)))


def _lines(
    *,
    newsletter_id: int | None,
    topic_id: int | None,
    source_id: int | None,
    category_id: int | None,
    words: str,
) -> Select[Article, ArticleScore | None, int]:
    other = aliased(Article)
    others = (
        select(func.count())
        .where(other.story_id == Article.story_id, other.id != Article.id)
        .correlate(Article)
        .scalar_subquery()
    )
    query = (
        select(Article, ArticleScore, others)
        .outerjoin(ArticleScore, ArticleScore.article_id == Article.id)
        .options(joinedload(Article.source))
    )
    if newsletter_id is not None:
        query = query.where(Article.newsletter_id == newsletter_id)
    if topic_id is not None:
        query = query.where(
            Article.id.in_(select(ArticleTopic.article_id).where(ArticleTopic.topic_id == topic_id))
        )
    if source_id is not None:
        query = query.where(Article.source_id == source_id)
    if category_id is not None:
        named = exists().where(
            CategoryMapping.id == category_id,
            CategoryMapping.newsletter_id == Article.newsletter_id,
            Article.categories.contains(array([CategoryMapping.category])),
        )
        query = query.where(named)
    if words.strip():
        query = query.where(Article.title.icontains(words.strip(), autoescape=True))
    return query


def get(session: Session, article_id: int, *, now: datetime) -> View:
    """Return one article.

    :raises NotFound: there is none with this id.
    """
    article = session.get(Article, article_id, options=[joinedload(Article.source)])
    if article is None:
        raise NotFound("There is no such article.")
    places = session.scalars(
        select(ArticleTopic)
        .where(ArticleTopic.article_id == article_id)
        .options(joinedload(ArticleTopic.topic))
    )
    wanted = curations.of_article(session, article_id)
    in_force = tuple(row for row in wanted if row.ended_at is None and row.expires_at > now)
    decisions = tuple(deciding.of_article(session, article))
    return View(
        article=article,
        newsletter=session.get_one(Newsletter, article.newsletter_id),
        places=tuple(sorted(places, key=lambda row: (row.topic.position, row.topic_id))),
        score=session.get(ArticleScore, article_id),
        judged=tuple(popularity.judged(session, article_id, now=now)),
        others=tuple(stories.others_of(session, article)),
        decisions=decisions,
        in_force=in_force,
        past=tuple(row for row in wanted if row not in in_force),
        names=actors.names(session, [*_actors(wanted), *(row.made_by for row in decisions)]),
        titles=_titles(session, decisions),
    )


def find_for_story(session: Session, article: Article, words: str, *, limit: int) -> list[Article]:
    """Return articles of other stories with these words in the title, or at this address; newest first."""
    wanted = words.strip()
    if not wanted:
        return []
    rows = session.scalars(
        select(Article)
        .where(
            Article.newsletter_id == article.newsletter_id,
            func.coalesce(Article.story_id, Article.id) != (article.story_id or article.id),
            Article.title.icontains(wanted, autoescape=True)
            | Article.url.startswith(wanted, autoescape=True)
            | Article.canonical_url.startswith(wanted, autoescape=True),
        )
        .options(joinedload(Article.source))
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(limit)
    )
    return list(rows)


def names_of(session: Session, wanted: Sequence[Curation]) -> dict[str, str]:
    """Return who made these curations, by actor."""
    return actors.names(session, _actors(wanted))


def _actors(wanted: Sequence[Curation]) -> list[str]:
    return [actor for row in wanted for actor in (row.made_by, row.ended_by) if actor]


def _titles(session: Session, decisions: Sequence[StoryDecision]) -> dict[int, str]:
    ids = {key for row in decisions for key in (*row.article_ids, *row.other_ids)}
    return dict(session.execute(select(Article.id, Article.title).where(Article.id.in_(ids))).all())
