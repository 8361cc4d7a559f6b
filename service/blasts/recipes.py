"""A blast in each language of its readers: its own words are the same, those around them are not."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.blasts import content
from service.blasts.models import Blast
from service.links import Links
from service.recipes import making
from service.recipes.content import Draft
from service.recipes.models import Recipe, RecipeKind
from service.subscribers.models import Subscription


def make(
    session: Session, blast: Blast, *, mailing_id: int, locales: Collection[str], links: Links, now: datetime
) -> int:
    """Make the recipes for readers of these languages; return the one in the newsletter's own."""
    own = blast.newsletter.locale
    made = {
        locale: _make(session, blast, mailing_id=mailing_id, locale=locale, links=links, now=now)
        for locale in sorted({own, *locales})
    }
    return made[own].id


def by_language(session: Session, blast: Blast) -> list[tuple[int | None, ColumnElement[bool]]]:
    """Return each recipe with the readers it is for.

    Whoever reads a language that nobody read when the blast was started gets the newsletter's own.
    """
    rows = session.execute(
        select(Recipe.id, Recipe.locale)
        .where(Recipe.mailing_id == blast.mailing_id, Recipe.id != blast.recipe_id)
        .order_by(Recipe.id)
    ).all()
    others = Subscription.locale.not_in([locale for _, locale in rows])
    return [(blast.recipe_id, others), *((key, Subscription.locale == locale) for key, locale in rows)]


def _make(
    session: Session, blast: Blast, *, mailing_id: int, locale: str, links: Links, now: datetime
) -> Recipe:
    said = content.of(session, blast)
    draft = Draft(
        kind=RecipeKind.BLAST,
        newsletter_id=blast.newsletter_id,
        mailing_id=mailing_id,
        subject=blast.subject,
        locale=locale,
        content=said.recipe(links=links),
    )
    return making.make(
        session,
        draft,
        letter=lambda: said.letter(subject=blast.subject, locale=locale, links=links),
        now=now,
    )
