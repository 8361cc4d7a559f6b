"""The name in From says who writes, and nothing else (standards 11, and Gmail's display-name rules)."""

import re
import unicodedata
from collections.abc import Iterator

from service.errors import InvalidInput
from service.newsletters import checks

LONGEST = 64

_REPLY = re.compile(r"(re|fwd?|aw|wg|sv|vs|tr|rv|antw)\s*(\[\d+\]|\(\d+\))?\s*:", re.IGNORECASE)
_COUNTER = re.compile(r"[(\[]\s*\d+\s*[)\]]$")
_ADDRESS = re.compile(r"@|://|\bwww\.", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{%|\*\||%\w+%|\[(first|last)?\s*name\]", re.IGNORECASE)
_BRACKETS = re.compile(r"[<>\"\\]")
#: Scripts whose letters are taken for one another.
_CONFUSABLE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


def check(value: str, *, field: str = "name") -> str:
    """Return the sender's name as it may stand in From.

    :raises InvalidInput: it is empty, or pretends to be something else than a name.
    """
    name = checks.line(
        value, field=field, longest=LONGEST, required="Enter the name that readers see as the sender."
    )
    for complaint in _complaints(name):
        raise InvalidInput(complaint, field=field)
    return name


def _complaints(name: str) -> Iterator[str]:
    if _REPLY.match(name):
        yield "A sender name must not begin like a reply or a forwarded mail."
    if _COUNTER.search(name):
        yield "Leave out the number in brackets; it would look like a count of unread mails."
    if _ADDRESS.search(name):
        yield "Use a name here, not an address."
    if _PLACEHOLDER.search(name):
        yield "The sender is the same for every reader; leave out placeholders for a reader's name."
    if _BRACKETS.search(name):
        yield "Leave out angle brackets, quotation marks and backslashes."
    if any(_is_symbol(sign) for sign in name):
        yield "Leave out emoji, check marks and other symbols; mail providers treat them as deception."
    if any(_looks_alike(word) for word in name.split()):
        yield "Some letters here only look like others. Write the name in the letters of one script."
    if not any(sign.isalnum() for sign in name):
        yield "Enter the name that readers see as the sender."


def _is_symbol(sign: str) -> bool:
    # So: pictures and badges; Sk: skin tones; C*: invisible, private or unassigned. Joiners inside words
    # are needed in Persian and Indic scripts.
    category = unicodedata.category(sign)
    return category in {"So", "Sk", "Cc", "Cf", "Cn", "Co", "Cs"} and sign not in "\u200c\u200d`^"


def _looks_alike(word: str) -> bool:
    letters = [sign for sign in word if sign.isalpha()]
    if any(unicodedata.normalize("NFKC", sign) != sign for sign in letters):
        return True
    scripts = {unicodedata.name(sign, "").partition(" ")[0] for sign in letters}
    return len(scripts & _CONFUSABLE) > 1
