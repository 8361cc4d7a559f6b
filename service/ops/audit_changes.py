"""What an action changed, as a person reads it: field by field, and long texts line by line. Pure."""

from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

_LONG = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A field before and after; None where there was no such thing. `lines` only for long texts."""

    name: str
    before: str | None
    after: str | None
    #: ("+" or "-" or " ", text)
    lines: tuple[tuple[str, str], ...] = ()

    def in_words(self) -> str:
        """For one cell of a table that knows no colours."""
        if self.before is None:
            return f"{self.name}: {self.after}"
        if self.after is None:
            return f"{self.name}: was {self.before}"
        return f"{self.name}: {self.before} → {self.after}"


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[Change, ...]:
    """Return the fields that differ, or all of them where only one side was written down."""
    old, new = before or {}, after or {}
    names = [name for name in [*old, *(name for name in new if name not in old)] if _differs(name, old, new)]
    return tuple(_change(name, old, new) for name in names)


def _differs(name: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    return name not in old or name not in new or old[name] != new[name]


def _change(name: str, old: dict[str, Any], new: dict[str, Any]) -> Change:
    before = _words(old[name]) if name in old else None
    after = _words(new[name]) if name in new else None
    label = name.replace("_", " ")
    if max(len(before or ""), len(after or "")) <= _LONG or before is None or after is None:
        return Change(label, before, after)
    return Change(label, before, after, _lines(before, after))


def _lines(before: str, after: str) -> tuple[tuple[str, str], ...]:
    found = unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    # The first two lines name files, those with @@ say where: a person needs neither.
    return tuple((line[:1], line[1:]) for line in list(found)[2:] if not line.startswith("@@"))


def _words(value: Any) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_words(item)}" for key, item in value.items())
    return str(value)
