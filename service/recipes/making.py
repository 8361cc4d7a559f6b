"""Makes a recipe, or finds the one that another worker has made of the same draft."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.emails.letters import Letter
from service.recipes import rendering
from service.recipes.content import Draft
from service.recipes.models import Recipe


def make(session: Session, draft: Draft, *, letter: Callable[[], Letter], now: datetime) -> Recipe:
    """Return the recipe of this draft; the letter is built and rendered only if there is none yet."""
    return make_all(session, {draft.content_hash: draft}, letter=lambda _: letter(), now=now)[
        draft.content_hash
    ]


def make_all(
    session: Session,
    drafts: Mapping[bytes, Draft],
    *,
    letter: Callable[[Draft], Letter],
    now: datetime,
) -> dict[bytes, Recipe]:
    """Return the recipes of these drafts, by content hash.

    In the order of their hashes, so that two workers who make the same ones wait for each other in one
    direction only.
    """
    found = {
        recipe.content_hash: recipe
        for recipe in session.scalars(select(Recipe).where(Recipe.content_hash.in_(drafts)))
    }
    for content_hash in sorted(drafts.keys() - found.keys()):
        draft = drafts[content_hash]
        found[content_hash] = _insert(session, draft, content_hash, letter=letter(draft), now=now)
    return found


def _insert(session: Session, draft: Draft, content_hash: bytes, *, letter: Letter, now: datetime) -> Recipe:
    rendered = rendering.store(session, letter, now=now)
    session.execute(
        insert(Recipe)
        .values(
            kind=draft.kind,
            newsletter_id=draft.newsletter_id,
            mailing_id=draft.mailing_id,
            content_hash=content_hash,
            article_ids=list(draft.article_ids),
            content=draft.content,
            locale=draft.locale,
            subject=rendered.subject,
            html_hash=rendered.html_hash,
            text_hash=rendered.text_hash,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Recipe.content_hash])
    )
    return session.scalars(select(Recipe).where(Recipe.content_hash == content_hash)).one()
