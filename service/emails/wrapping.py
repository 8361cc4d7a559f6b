"""Wraps the text part at 78 columns without ever breaking a URL (standards 30)."""

import textwrap

from service.emails.sanitising import single_line

WIDTH = 78


def wrap(value: str, *, first: str = "", rest: str = "") -> str:
    """Set a value as one paragraph; `first` and `rest` begin its first and its other lines."""
    return textwrap.fill(
        single_line(value),
        width=WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def centre(value: str) -> str:
    """Centre one line, as a masthead is."""
    return single_line(value).center(WIDTH).rstrip()
