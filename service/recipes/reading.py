"""What a digest says, read back from its recipe: sections, and each story's place and reason."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.recipes import keeping
from service.recipes.models import KeptPiece, Recipe


def sections(session: Session, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the sections in reading order, each with key, heading and items."""
    return all_sections(session, [recipe])[recipe.id]


def all_sections(session: Session, recipes: Collection[Recipe]) -> dict[int, list[dict[str, Any]]]:
    """Return the same of many recipes, by id."""
    kept = keeping.pieces(session, {piece_id for recipe in recipes for piece_id in recipe.piece_ids})
    return {recipe.id: _sections(recipe, kept) for recipe in recipes}


def _sections(recipe: Recipe, kept: Mapping[int, KeptPiece]) -> list[dict[str, Any]]:
    if "sections" in recipe.content:
        # Planned before pieces had rows of their own.
        return list(recipe.content["sections"])
    found: list[dict[str, Any]] = []
    for piece_id in recipe.piece_ids:
        details = kept[piece_id].details
        if "heading" in details:
            found.append({**details, "items": []})
        else:
            found[-1]["items"].append(details)
    return found
