"""Merge fields of a blast: a closed list of names with fallbacks, and no language beyond that.

`{{ topics | everything we print }}` becomes a slot of the splice, so a blast is rendered once all the same.
Values are put in after rendering: nothing in them is Markdown or HTML.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from service.emails.sanitising import typed_line
from service.emails.splice import MERGE_SLOTS, Slot, merge_placeholder, placeholder
from service.errors import InvalidInput


class Field(StrEnum):
    """What may stand between the braces."""

    TOPICS = "topics"
    FIRST_TOPIC = "first_topic"
    RHYTHM = "rhythm"
    JOINED = "joined"
    NEWSLETTER = "newsletter"
    PREFERENCES_URL = "preferences_url"


#: The name of a field's value and the words for who has none, in the order of the slots.
Uses = tuple[tuple[str, str], ...]

#: Never missing, and the same on a public page.
_WITHOUT_FALLBACK = frozenset({Field.NEWSLETTER, Field.PREFERENCES_URL})
FALLBACK_LENGTH = 100

_BRACES = re.compile(r"\{\{([^{}\n]*)\}\}")
#: A link that the Markdown parser lets through; its scheme is taken off again afterwards.
_AS_LINK = "https://" + placeholder(Slot.PREFERENCES_URL)
_IN_ATTRIBUTE = re.compile(r'\b(?:href|src)="[^"]*xslot7q-merge-')


class Merge:
    """Puts placeholders into the texts of one blast; equal fields with equal fallbacks share a slot."""

    def __init__(self, newsletter: str) -> None:
        self._newsletter = newsletter
        self._slots: dict[tuple[str, str], int] = {}

    @property
    def uses(self) -> Uses:
        """Return what the slots are for."""
        return tuple(self._slots)

    def put(self, text: str) -> str:
        """Replace the fields of a text.

        :raises InvalidInput: one is unknown, has no fallback, or never ends.
        """
        replaced = _BRACES.sub(self._placeholder, text)
        if "{{" in replaced or "}}" in replaced:
            raise InvalidInput(
                "A field begins with {{ and ends with }} in one line, as in {{ topics | our topics }}."
            )
        return replaced

    def _placeholder(self, match: re.Match[str]) -> str:
        field, fallback = _parsed(match[1])
        if field is Field.PREFERENCES_URL:
            return _AS_LINK
        use = (field.value, self._newsletter if field is Field.NEWSLETTER else fallback)
        number = self._slots.setdefault(use, len(self._slots))
        if number >= len(MERGE_SLOTS):
            raise InvalidInput(f"A blast has at most {len(MERGE_SLOTS)} different fields.")
        return merge_placeholder(number)


def settle(rendered: str) -> str:
    """Finish a rendered text: the reader's own link takes the place of its stand-in.

    :raises InvalidInput: a field stands inside the address of a link, where its value could break it.
    """
    if _IN_ATTRIBUTE.search(rendered):
        raise InvalidInput(
            "A field cannot be part of a link’s address; only {{ preferences_url }} can be one, as a whole."
        )
    return rendered.replace(_AS_LINK, placeholder(Slot.PREFERENCES_URL))


def without_readers(text: str, *, newsletter: str) -> str:
    """Return a text as it reads where there is no reader: with its fallbacks, without links of one's own."""

    def public(match: re.Match[str]) -> str:
        field, fallback = _parsed(match[1])
        if field is Field.PREFERENCES_URL:
            return ""
        return newsletter if field is Field.NEWSLETTER else fallback

    return _BRACES.sub(public, text)


def values_of(uses: Iterable[Iterable[str]], fields: Mapping[str, str]) -> dict[str, str]:
    """Return what stands in each slot for a reader with these values."""
    return {
        MERGE_SLOTS[number]: fields.get(field) or fallback for number, (field, fallback) in enumerate(uses)
    }


def find(text: str) -> list[Field]:
    """Return the fields of a text that was checked before, in order."""
    return [_parsed(match[1])[0] for match in _BRACES.finditer(text)]


def refuse(line: str, *, where: str, field: str) -> None:
    """:raises InvalidInput: a line that is the same for everybody holds a merge field."""
    if "{{" in line:
        raise InvalidInput(
            f"Fields in braces work in the text only; the {where} is the same for everybody.", field=field
        )


def _parsed(inside: str) -> tuple[Field, str]:
    name, _, fallback = (typed_line(part) for part in inside.partition("|"))
    if name not in set(Field):
        known = ", ".join(field.value for field in Field)
        raise InvalidInput(f"There is no field “{name}”. The fields are: {known}.")
    field = Field(name)
    if field not in _WITHOUT_FALLBACK and not fallback:
        raise InvalidInput(
            f"{{{{ {name} }}}} needs words for readers without one, and for the public page: "
            f"{{{{ {name} | … }}}}."
        )
    if len(fallback) > FALLBACK_LENGTH:
        raise InvalidInput(f"The words after | in {{{{ {name} }}}} are too long: {FALLBACK_LENGTH} at most.")
    return field, fallback
