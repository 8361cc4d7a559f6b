"""Writes recipes by the thousand: one COPY, one INSERT."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.db import copy_lines, copy_text
from service.recipes.models import RecipeKind


class Sheet(NamedTuple):
    """What the recipes of one run have in common."""

    kind: RecipeKind
    newsletter_id: int
    mailing_id: int
    locale: str
    #: The frame.
    html_hash: bytes
    text_hash: bytes


class NewRecipe(NamedTuple):
    """A recipe to be."""

    content_hash: bytes
    article_ids: list[int]
    piece_ids: list[int]
    subject: str
    #: JSON
    content: str


_TABLE = text(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS fresh_recipes (
        content_hash bytea, article_ids bigint[], piece_ids bigint[], subject text, content jsonb
    ) ON COMMIT DROP
    """
)
_COPY = "COPY fresh_recipes (content_hash, article_ids, piece_ids, subject, content) FROM STDIN"
# In the order of their hashes: two workers who write the same ones wait for each other one way only.
_INSERT = text(
    """
    INSERT INTO recipes (kind, newsletter_id, mailing_id, content_hash, article_ids, content, locale, subject,
        html_hash, text_hash, piece_ids, created_at)
    SELECT :kind, :newsletter_id, :mailing_id, content_hash, article_ids, content, :locale, subject,
        :html_hash, :text_hash, piece_ids, :now
    FROM fresh_recipes ORDER BY content_hash
    ON CONFLICT (content_hash) DO NOTHING
    RETURNING content_hash, id
    """
)
_FIND = text("SELECT content_hash, id FROM recipes WHERE content_hash = ANY(:hashes)")


def put(session: Session, recipes: Iterable[NewRecipe], *, sheet: Sheet, now: datetime) -> dict[bytes, int]:
    """Add the recipes that are not there yet; return the ids of all by content hash."""
    by_hash = {each.content_hash: each for each in recipes}
    if not by_hash:
        return {}
    session.execute(_TABLE)
    session.execute(text("TRUNCATE fresh_recipes"))
    copy_lines(session, _COPY, map(_line, by_hash.values()))
    values = {**sheet._asdict(), "kind": sheet.kind.value, "now": now}
    found: dict[bytes, int] = dict(session.execute(_INSERT, values).all())
    missing = by_hash.keys() - found.keys()
    if missing:
        found |= dict(session.execute(_FIND, {"hashes": list(missing)}).all())
    return found


def _line(recipe: NewRecipe) -> str:
    article_ids = ",".join(map(str, recipe.article_ids))
    piece_ids = ",".join(map(str, recipe.piece_ids))
    return (
        f"\\\\x{recipe.content_hash.hex()}\t{{{article_ids}}}\t{{{piece_ids}}}\t{copy_text(recipe.subject)}\t"
        f"{copy_text(recipe.content)}"
    )
