"""What a digest says, read back from its recipe: sections, and each story's place and reason."""

from typing import Any

from sqlalchemy.orm import Session

from service.recipes import keeping
from service.recipes.models import Recipe


def sections(session: Session, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the sections in reading order, each with key, heading and items."""
    if "sections" in recipe.content:
        # Planned before pieces had rows of their own.
        return list(recipe.content["sections"])
    kept = keeping.pieces(session, recipe.piece_ids)
    found: list[dict[str, Any]] = []
    for piece_id in recipe.piece_ids:
        details = kept[piece_id].details
        if "heading" in details:
            found.append({**details, "items": []})
        else:
            found[-1]["items"].append(details)
    return found
