"""Editions with their runs and recipes: who was considered when, and which digests came out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from service.articles.models import Article
from service.delivery.models import Message
from service.digests import periods, slots
from service.digests.models import Edition, Run
from service.errors import NotFound
from service.newsletters.models import Rhythm
from service.ops import queue
from service.ops.queue import Line
from service.recipes.models import Recipe

#: Counting readers per recipe reads an edition's rows; beyond this many a page does not do it.
COUNTABLE = 20_000
#: Different digests are counted up to this many.
MOST_RECIPES = 10_000


@dataclass(frozen=True, slots=True)
class RunLine:
    """One planning pass; without `finished_at` it is not over."""

    slot_at: datetime
    cutoff_seq: int
    started_at: datetime
    finished_at: datetime | None
    #: Readers for whom too little waited yet.
    waiting: int

    @property
    def late(self) -> timedelta | None:
        """How long after its slot it began, where that is worth a word."""
        behind = self.started_at - self.slot_at
        return behind if behind > slots.LATE else None


@dataclass(frozen=True, slots=True)
class EditionLine:
    """An edition with its mailing's account and its runs, newest first."""

    edition_id: int
    newsletter: str
    rhythm: Rhythm
    #: "Weekly, week 48 of 2026"
    period: str
    line: Line
    runs: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """One digest as written, and to how many readers it went; None where that was not counted."""

    recipe_id: int
    subject: str
    created_at: datetime
    readers: int | None
    articles: tuple[tuple[int, str, str], ...]


def list_page(
    session: Session, *, newsletter_id: int | None = None, before_id: int | None = None, limit: int = 30
) -> list[EditionLine]:
    """Return one page of editions, newest first; `before_id` is the last one seen."""
    query = _editions().order_by(Edition.id.desc()).limit(limit)
    if newsletter_id is not None:
        query = query.where(Edition.newsletter_id == newsletter_id)
    if before_id is not None:
        query = query.where(Edition.id < before_id)
    return _lines(session, session.scalars(query).all())


def get(session: Session, edition_id: int) -> EditionLine:
    """Return one edition.

    :raises NotFound: there is none with this id.
    """
    found = session.scalars(_editions().where(Edition.id == edition_id)).all()
    if not found:
        raise NotFound("There is no such edition.")
    return _lines(session, found)[0]


def list_recipes(session: Session, edition: EditionLine, *, limit: int = 100) -> list[RecipeLine]:
    """Return an edition's digests, those of most readers first."""
    mailing_id = edition.line.mailing_id
    readers = _readers(session, mailing_id) if edition.line.account.eligible <= COUNTABLE else {}
    recipes = session.scalars(_of_mailing(mailing_id).limit(5 * limit)).all()
    recipes = sorted(recipes, key=lambda recipe: (-readers.get(recipe.id, 0), recipe.id))[:limit]
    titles = _titles(session, {key for recipe in recipes for key in recipe.article_ids})
    return [
        RecipeLine(
            recipe_id=recipe.id,
            subject=recipe.subject,
            created_at=recipe.created_at,
            readers=readers.get(recipe.id, 0) if readers else None,
            articles=tuple((key, *titles[key]) for key in recipe.article_ids if key in titles),
        )
        for recipe in recipes
    ]


def count_recipes(session: Session, mailing_id: int) -> int:
    """Return how many different digests an edition has; one more than MOST_RECIPES stands for any number."""
    few = _of_mailing(mailing_id).with_only_columns(Recipe.id).limit(MOST_RECIPES + 1).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def _of_mailing(mailing_id: int) -> Select[Recipe]:
    # As a range, and in the order of its index: said with an equal sign, the planner looks for the first few
    # in the table, behind the recipes of all editions before.
    return select(Recipe).where(Recipe.mailing_id.between(mailing_id, mailing_id)).order_by(Recipe.mailing_id)


def _editions() -> Select[Edition]:
    return select(Edition).options(joinedload(Edition.newsletter))


def _lines(session: Session, editions: Sequence[Edition]) -> list[EditionLine]:
    lines = queue.get_many(session, [each.mailing_id for each in editions])
    runs: dict[int, list[RunLine]] = {each.id: [] for each in editions}
    for run in session.scalars(select(Run).where(Run.edition_id.in_(runs)).order_by(Run.slot_at.desc())):
        runs[run.edition_id].append(_run_line(run))
    return [
        EditionLine(
            edition_id=each.id,
            newsletter=each.newsletter.name,
            rhythm=each.rhythm,
            period=periods.name_for_people(each.period, rhythm=each.rhythm),
            line=lines[each.mailing_id],
            runs=tuple(runs[each.id]),
        )
        for each in editions
        if each.mailing_id in lines
    ]


def _run_line(run: Run) -> RunLine:
    return RunLine(run.slot_at, run.cutoff_seq, run.started_at, run.finished_at, run.waiting)


def _readers(session: Session, mailing_id: int) -> dict[int, int]:
    rows = session.execute(
        select(Message.recipe_id, func.count())
        .where(Message.mailing_id == mailing_id, Message.recipe_id.is_not(None))
        .group_by(Message.recipe_id)
    )
    return {recipe_id: n for recipe_id, n in rows if recipe_id is not None}


def _titles(session: Session, article_ids: set[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(select(Article.id, Article.title, Article.url).where(Article.id.in_(article_ids)))
    return {article_id: (title, url) for article_id, title, url in rows}
