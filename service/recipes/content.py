"""What a recipe is made from, and the hash by which two workers who choose the same find one row."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from service.recipes.models import RecipeKind


@dataclass(frozen=True, slots=True)
class Draft:
    """A recipe to be: everything that decides how the mail reads, but not who gets it."""

    kind: RecipeKind
    newsletter_id: int
    mailing_id: int
    subject: str
    locale: str
    #: JSON: a digest's sections with their items, a blast's Markdown.
    content: dict[str, Any]
    #: In slot order.
    article_ids: tuple[int, ...] = ()

    @property
    def content_hash(self) -> bytes:
        """Equal for equal drafts, whatever the order of keys."""
        parts = [self.kind.value, self.newsletter_id, self.mailing_id, self.subject, self.locale]
        canonical = json.dumps([*parts, self.article_ids, self.content], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()
