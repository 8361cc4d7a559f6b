"""Single fields of an entry, cleaned and capped in the same way for every format."""

import hashlib
import re
from collections.abc import Iterable

from service.articles.cleaning import plain_line

MOST_ENTRIES = 500
LONGEST_TITLE = 300
_MOST_CATEGORIES = 20
_LONGEST_CATEGORY = 80
_LONGEST_AUTHOR = 120
_LONGEST_GUID = 500

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def guid_or_fingerprint(guid: object, *else_of: object) -> str:
    """Return the GUID as written; a hash of it when it is too long, or of `else_of` when there is none."""
    plain = plain_line(str(guid or ""), limit=100 * _LONGEST_GUID)
    if plain and len(plain) <= _LONGEST_GUID:
        return plain
    source = plain or "\n".join(map(str, else_of))
    return "sha256:" + hashlib.sha256(source.encode()).hexdigest()


def distinct_categories(names: Iterable[object]) -> tuple[str, ...]:
    """Clean, cap, and drop doubles whatever their case; the first spelling stays."""
    found: dict[str, str] = {}
    for name in names:
        shown = plain_line(str(name or ""), limit=_LONGEST_CATEGORY)
        if shown and len(found) < _MOST_CATEGORIES:
            found.setdefault(category_key(shown), shown)
    return tuple(found.values())


def category_key(category: str) -> str:
    """Fold case and white space: what two spellings of one category have in common."""
    return " ".join(category.casefold().split())


def names_of(people: Iterable[object]) -> str | None:
    """Join the names of at most three authors; an e-mail address is not a name."""
    names = [plain_line(str(name or ""), limit=_LONGEST_AUTHOR) for name in people]
    shown = list(dict.fromkeys(name for name in names if name and "@" not in name))
    return plain_line(", ".join(shown[:3]), limit=_LONGEST_AUTHOR) or None


def language_tag(value: object) -> str | None:
    """Return a BCP 47 tag, or None when the feed says something else."""
    tag = str(value or "").strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None
