"""Which language this request, or this mail, is in.

Kept in a context variable: sentences are made in many places (a refusal in a domain, a reason in a recipe),
and an argument through all of them would be forgotten in one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import NamedTuple

from babel import Locale

from service.languages.offered import SOURCE, find_locale, nearest


class _Manner(NamedTuple):
    language: str
    #: Decides how dates and numbers are written; a region of the language, never another one.
    locale: Locale


@lru_cache(maxsize=256)
def _manner(tag: str) -> _Manner:
    language = nearest(tag)
    locale = find_locale(tag)
    return _Manner(language, locale if locale.language == language else find_locale(language))


_ENGLISH = _manner(SOURCE)
_SPOKEN: ContextVar[_Manner] = ContextVar("spoken", default=_ENGLISH)


def spoken() -> str:
    """Return the language that words are in now."""
    return _SPOKEN.get().language


def manners() -> Locale:
    """Return how dates, numbers and lists are written now."""
    return _SPOKEN.get().locale


def begin(tag: str) -> None:
    """From here on this request speaks the language nearest to a BCP 47 tag."""
    _SPOKEN.set(_manner(tag))


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Within the block, words are in the language nearest to a BCP 47 tag."""
    token = _SPOKEN.set(_manner(tag))
    try:
        yield
    finally:
        _SPOKEN.reset(token)
