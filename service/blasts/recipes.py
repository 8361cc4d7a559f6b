"""A blast in each language of its readers, and under each subject that is compared."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.blasts import content, counted
from service.blasts.models import Blast
from service.emails.letters import BlastLetter
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
    subjects = [blast.subject, blast.subject_b] if blast.subject_b else [blast.subject]
    made = {
        (variant, locale): _make(
            session,
            blast,
            subject,
            mailing_id=mailing_id,
            variant=variant,
            locale=locale,
            links=links,
            now=now,
        )
        for variant, subject in enumerate(subjects)
        for locale in sorted({own, *locales})
    }
    return made[0, own].id


def by_language(
    session: Session, blast: Blast, *, variant: int = 0
) -> list[tuple[int | None, ColumnElement[bool]]]:
    """Return each recipe with this subject, and the readers it is for.

    Whoever reads a language that nobody read when the blast was started gets the newsletter's own.
    """
    written = func.coalesce(Recipe.content["variant"].as_integer(), 0)
    rows = session.execute(
        select(Recipe.id, Recipe.locale)
        .where(Recipe.mailing_id == blast.mailing_id, written == variant)
        .order_by(Recipe.id)
    ).all()
    own = blast.newsletter.locale
    others = Subscription.locale.not_in([locale for _, locale in rows if locale != own])
    return [
        (key, others if locale == own else Subscription.locale == locale)
        for key, locale in sorted(rows, key=lambda row: (row[1] != own, row[0]))
    ]


def _make(
    session: Session,
    blast: Blast,
    subject: str,
    *,
    mailing_id: int,
    variant: int,
    locale: str,
    links: Links,
    now: datetime,
) -> Recipe:
    said = content.of(session, blast)
    draft = Draft(
        kind=RecipeKind.BLAST,
        newsletter_id=blast.newsletter_id,
        mailing_id=mailing_id,
        subject=subject,
        locale=locale,
        content=said.recipe(links=links) | ({"variant": variant} if variant else {}),
    )

    def letter() -> BlastLetter:
        plain = said.letter(subject=subject, locale=locale, links=links)
        counted.keep(session, plain, mailing_id=mailing_id)
        return counted.counted(plain, mailing_id=mailing_id, variant=variant, links=links)

    return making.make(session, draft, letter=letter, now=now)
