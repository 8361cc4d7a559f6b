"""Which language this request, or this mail, is in.

Kept in a context variable: sentences are made in many places (a refusal in a domain, a reason in a recipe),
and an argument through all of them would be forgotten in one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from service.languages.offered import SOURCE, nearest

_SPOKEN: ContextVar[str] = ContextVar("spoken", default=SOURCE)


def spoken() -> str:
    """Return the language that words are in now."""
    return _SPOKEN.get()


def begin(tag: str) -> None:
    """From here on this request speaks the language nearest to a BCP 47 tag."""
    _SPOKEN.set(nearest(tag))


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Within the block, words are in the language nearest to a BCP 47 tag."""
    token = _SPOKEN.set(nearest(tag))
    try:
        yield
    finally:
        _SPOKEN.reset(token)
