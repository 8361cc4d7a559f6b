"""One rendering for many readers: their own links and reason are put in at the end.

A placeholder is plain letters, digits and hyphens, so escaping, inlining and URL handling leave it alone.
"""

import html
import re
from collections.abc import Mapping
from enum import StrEnum

from service.emails.letters import EmailContent
from service.emails.sanitising import single_line
from service.emails.wrapping import wrap


class Slot(StrEnum):
    """What differs from reader to reader."""

    UNSUBSCRIBE_URL = "unsubscribe-url"
    PREFERENCES_URL = "preferences-url"
    REASON = "reason"


_PREFIX, _SUFFIX = "xslot7q-", "-q7tolsx"
_ANY_PLACEHOLDER = re.compile(f"{_PREFIX}([a-z-]+?){_SUFFIX}")


def placeholder(slot: Slot) -> str:
    """What to write in a letter where the reader's own value will stand."""
    return f"{_PREFIX}{slot.value}{_SUFFIX}"


def defuse(value: str) -> str:
    """Break up what looks like a placeholder: no feed may choose where a reader's links stand."""
    return value.replace(_PREFIX, _PREFIX.replace("7", " 7")).replace(_SUFFIX, _SUFFIX.replace("7", "7 "))


def splice(content: EmailContent, values: Mapping[Slot, str]) -> EmailContent:
    """Put one reader's values in: escaped in the HTML, as they are in the text (a reason is wrapped).

    :raises ValueError: when a placeholder has no value, a value has no placeholder in the text or the HTML
        (the mail would go out without its unsubscribe link), or a placeholder is left over.
    """
    lines = {slot.value: single_line(value) for slot, value in values.items()}
    spliced = EmailContent(
        subject=content.subject,
        text=_fill(content.text, {name: wrap(line) for name, line in lines.items()}, part="text"),
        html=_fill(content.html, {name: html.escape(line) for name, line in lines.items()}, part="HTML"),
    )
    for part in (spliced.subject, spliced.text, spliced.html):
        if _PREFIX in part or _SUFFIX in part:
            raise ValueError("A placeholder is left in the mail after the last splice; it cannot be sent.")
    return spliced


def _fill(part_text: str, values: Mapping[str, str], *, part: str) -> str:
    found = set(_ANY_PLACEHOLDER.findall(part_text))
    if without_value := sorted(found - values.keys()):
        raise ValueError(f"The {part} part needs a value for: {', '.join(without_value)}.")
    if without_place := sorted(values.keys() - found):
        raise ValueError(f"The {part} part has no place for: {', '.join(without_place)}.")
    return _ANY_PLACEHOLDER.sub(lambda match: values[match[1]], part_text)
