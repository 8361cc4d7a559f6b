"""One rendering for many readers: their own links and reason are put in at the end.

A placeholder is plain letters, digits and hyphens, so escaping, inlining and URL handling leave it alone.
"""

import re
from collections.abc import Collection, Mapping, Set
from enum import StrEnum
from string import ascii_lowercase

from service.emails.letters import EmailContent
from service.emails.sanitising import shortened, single_line
from service.emails.wrapping import wrap


class StorySlot(StrEnum):
    """What differs from place to place for the same article."""

    NUMBER = "number"
    URL = "url"
    REASON = "story-reason"


class LetterSlot(StrEnum):
    """What differs from digest to digest under the same letterhead."""

    TITLE = "title"
    PREHEADER = "preheader"
    STORIES = "stories"


class Slot(StrEnum):
    """What differs from reader to reader."""

    UNSUBSCRIBE_URL = "unsubscribe-url"
    PREFERENCES_URL = "preferences-url"
    REASON = "reason"
    VIEW_URL = "view-url"


#: What a mail cannot do without; the page of a mail came later, and is not in what was planned before.
REQUIRED = frozenset({Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL, Slot.REASON})
#: No sentence about a reader is longer; only hundreds of topics could make it so.
LONGEST_REASON = 400


#: A blast's merge fields, each with its fallback, in the order of the blast (`merging`).
MERGE_SLOTS = tuple(f"merge-{letter}" for letter in ascii_lowercase)

#: Every placeholder begins with it.
MARK = "xslot7q-"
_PREFIX, _SUFFIX = MARK, "-q7tolsx"
_ANY_PLACEHOLDER = re.compile(f"{_PREFIX}([a-z-]+?){_SUFFIX}")


def placeholder(slot: Slot | LetterSlot | StorySlot) -> str:
    """What to write in a letter where the value itself will stand."""
    return f"{_PREFIX}{slot.value}{_SUFFIX}"


def merge_placeholder(number: int) -> str:
    """What to write where the value of a blast's merge field will stand."""
    return f"{_PREFIX}{MERGE_SLOTS[number]}{_SUFFIX}"


PLACEHOLDERS = frozenset(placeholder(slot) for kind in (Slot, LetterSlot, StorySlot) for slot in kind)


def parts(text: str) -> list[str]:
    """Take a text apart at its placeholders: literal, name of a slot, literal, ..., literal."""
    return _ANY_PLACEHOLDER.split(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in for the placeholders that they are for, and leave the others."""
    return _ANY_PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def escape(line: str) -> str:
    """Escape a value for HTML, in text or between double quotes: as short as may be."""
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def defuse(value: str) -> str:
    """Break up what looks like a placeholder: no feed may choose where a reader's links stand."""
    return value.replace(_PREFIX, _PREFIX.replace("7", " 7")).replace(_SUFFIX, _SUFFIX.replace("7", "7 "))


def splice(
    content: EmailContent, values: Mapping[Slot, str], merged: Mapping[str, str] | None = None
) -> EmailContent:
    """Put one reader's values in; `merged` are those of the merge fields, by slot.

    :raises ValueError: when a placeholder has no value, a required value has no placeholder in the text or
        the HTML (the mail would go out without its unsubscribe link), or a placeholder is left over.
    """
    in_text, in_html = reader_values(values)
    for name, value in (merged or {}).items():
        in_text[name], in_html[name] = merge_value(value)
    spliced = EmailContent(
        subject=content.subject,
        text=_fill(content.text, in_text, part="text"),
        html=_fill(content.html, in_html, part="HTML"),
    )
    for part in (spliced.subject, spliced.text, spliced.html):
        if _PREFIX in part or _SUFFIX in part:
            raise ValueError("A placeholder is left in the mail after the last splice; it cannot be sent.")
    return spliced


def reader_values(values: Mapping[Slot, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is written in the text (a reason is wrapped) and in the HTML (it is escaped)."""
    lines = {slot.value: single_line(value) for slot, value in values.items()}
    if Slot.REASON in values:
        lines[Slot.REASON.value] = shortened(lines[Slot.REASON.value], LONGEST_REASON)
    return (
        {name: wrap(line) for name, line in lines.items()},
        {name: escape(line) for name, line in lines.items()},
    )


def merge_value(value: str) -> tuple[str, str]:
    """Return how the value of a merge field is written in the text and in the HTML."""
    line = shortened(defuse(single_line(value)), LONGEST_REASON)
    return line, escape(line)


def check_slots(found: Collection[str], *, part: str) -> None:
    """Make sure that a part of a mail has a place for everything that is the reader's own.

    :raises ValueError: it has not, or has one for something else.
    """
    _check(set(found), {slot.value for slot in Slot} | set(MERGE_SLOTS), part=part)


def _fill(part_text: str, values: Mapping[str, str], *, part: str) -> str:
    _check(set(_ANY_PLACEHOLDER.findall(part_text)), values.keys(), part=part)
    return fill(part_text, values)


def _check(found: set[str], given: Set[str], *, part: str) -> None:
    if without_value := sorted(found - given):
        raise ValueError(f"The {part} part needs a value for: {', '.join(without_value)}.")
    if without_place := sorted({slot.value for slot in REQUIRED} & given - found):
        raise ValueError(f"The {part} part has no place for: {', '.join(without_place)}.")
