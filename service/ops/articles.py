"""Articles as operators see them: what was published, where it stands, and what editors want of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload

from service.articles import stories
from service.articles.models import Article, ArticleTopic
from service.digests import curations
from service.digests.models import Curation
from service.errors import NotFound
from service.newsletters.models import Newsletter
from service.ops import actors
from service.popularity.models import ArticleScore


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list; `score` is None while nothing is known of it."""

    article: Article
    score: ArticleScore | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, newest first; `next` is the id that the following one begins before."""

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
    #: The other articles of its story.
    others: tuple[Article, ...]
    in_force: tuple[Curation, ...]
    past: tuple[Curation, ...]
    #: Who made and ended them, by actor.
    names: dict[str, str]


def list_page(
    session: Session,
    *,
    newsletter_id: int | None = None,
    words: str = "",
    before: int | None = None,
    limit: int,
) -> Page:
    """Return one page; `words` must stand in the title, in any case."""
    query = (
        select(Article, ArticleScore)
        .outerjoin(ArticleScore, ArticleScore.article_id == Article.id)
        .options(joinedload(Article.source))
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(limit + 1)
    )
    if newsletter_id is not None:
        query = query.where(Article.newsletter_id == newsletter_id)
    if words.strip():
        query = query.where(Article.title.icontains(words.strip(), autoescape=True))
    if before is not None:
        place = select(Article.published_at, Article.id).where(Article.id == before).subquery()
        query = query.where(
            tuple_(Article.published_at, Article.id)
            < select(place.c.published_at, place.c.id).scalar_subquery()
        )
    rows = session.execute(query).all()
    lines = tuple(Line(*row) for row in rows[:limit])
    return Page(lines, lines[-1].article.id if len(rows) > limit else None)


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
    return View(
        article=article,
        newsletter=session.get_one(Newsletter, article.newsletter_id),
        places=tuple(sorted(places, key=lambda row: (row.topic.position, row.topic_id))),
        score=session.get(ArticleScore, article_id),
        others=tuple(stories.others_of(session, article)),
        in_force=in_force,
        past=tuple(row for row in wanted if row not in in_force),
        names=actors.names(session, _actors(wanted)),
    )


def names_of(session: Session, wanted: Sequence[Curation]) -> dict[str, str]:
    """Return who made these curations, by actor."""
    return actors.names(session, _actors(wanted))


def _actors(wanted: Sequence[Curation]) -> list[str]:
    return [actor for row in wanted for actor in (row.made_by, row.ended_by) if actor]
