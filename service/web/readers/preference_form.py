"""What the preference page sends: a whole form, of which one part or all of it is saved."""

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from service.errors import InvalidInput
from service.languages.words import _
from service.subscribers.choices import RHYTHMS

Form = MultiDict[str, str]

#: The parts of the page that are saved by themselves, and the values in each.
PARTS: Mapping[str, tuple[str, ...]] = {
    "topics": ("topics",),
    "when": ("rhythm", "enough_items", "weekday", "hour", "time_zone"),
    "amount": ("max_items", "explore"),
    "less": ("excluded_topics", "excluded_sources"),
    "format": ("locale", "plain_text"),
    "announcements": ("announcements",),
}
EVERYTHING = "all"
#: The button for whom none of the chosen topics is left: every topic, as somebody who never chose.
ANY_TOPIC = "any-topic"


def read(form: Form, part: str) -> dict[str, Any]:
    """Return the values of a part; what cannot be read is what no newsletter offers, and refused later.

    :raises InvalidInput: there is no such part, or a value that only a broken page can send.
    """
    if part == ANY_TOPIC:
        return {"topics": [], "gone_topics": []}
    names = [name for names in PARTS.values() for name in names] if part == EVERYTHING else PARTS.get(part)
    if names is None:
        raise InvalidInput(_("This page was not complete. Reload it and try again."), field="form")
    # A page of before, or of somebody else: what it does not ask about stays.
    return {name: _READERS[name](form) for name in names if _FIELDS.get(name, name) in form or name in _BOXES}


def _numbers(name: str) -> Callable[[Form], list[int]]:
    return lambda form: sorted({_number(value) for value in form.getlist(name)})


def _one(name: str) -> Callable[[Form], int]:
    return lambda form: _number(form.get(name, ""))


def _ticked(name: str) -> Callable[[Form], bool]:
    return lambda form: bool(form.get(name))


def _rhythm(form: Form) -> str:
    value = form.get("rhythm", "")
    if value not in {rhythm.value for rhythm in RHYTHMS}:
        raise InvalidInput(_("Choose how often you want to hear from us."), field="rhythm")
    return value


def _ceiling(form: Form) -> int | None:
    """Nothing leaves it to the newsletter."""
    value = form.get("max_items", "")
    return _number(value) if value else None


def _number(value: str) -> int:
    """Read a number; what is none counts as one that nobody offers."""
    return int(value) if value.isdecimal() and len(value) < 19 else -1


#: Boxes that are not ticked are not sent.
_BOXES = frozenset({"topics", "excluded_topics", "excluded_sources", "explore", "announcements"})
#: Where the field has another name than the value.
_FIELDS = {"plain_text": "format"}
_READERS: dict[str, Callable[[Form], Any]] = {
    "topics": _numbers("topics"),
    "rhythm": _rhythm,
    "enough_items": _one("enough_items"),
    "weekday": _one("weekday"),
    "hour": _one("hour"),
    "time_zone": lambda form: form.get("time_zone", ""),
    "max_items": _ceiling,
    "explore": _ticked("explore"),
    "excluded_topics": _numbers("excluded"),
    "excluded_sources": _numbers("sources"),
    "locale": lambda form: form.get("locale", ""),
    "plain_text": lambda form: form.get("format") == "text",
    "announcements": _ticked("announcements"),
}
