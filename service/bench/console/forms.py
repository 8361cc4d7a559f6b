"""The fields of a form as a browser would send them when nothing is changed (pure)."""

from collections.abc import Mapping
from html.parser import HTMLParser

Field = tuple[str, str]


def fields_of(page: str, *, marked: str = "") -> list[Field]:
    """Return the fields of the first form that is posted; with `marked`, of the one with this attribute."""
    parser = _Fields(marked)
    parser.feed(page)
    return parser.found


class _Fields(HTMLParser):
    def __init__(self, marked: str) -> None:
        super().__init__()
        self.found: list[Field] = []
        self._marked = marked
        self._inside = self._done = False
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and not self._done:
            posted = (given.get("method") or "").lower() == "post"
            self._inside = posted and (not self._marked or self._marked in given)
        elif self._inside:
            self._take(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._done = self._done or self._inside
            self._inside = False
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._inside and self._area:
            self.found.append((self._area, data))
            self._area = ""

    def _take(self, tag: str, given: Mapping[str, str | None]) -> None:
        name, value = given.get("name") or "", given.get("value") or ""
        self._area = name if tag == "textarea" else ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.found.append((self._select, value))
        elif tag == "input" and name:
            ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            if ticked and given.get("type") not in {"submit", "file", "button"}:
                self.found.append((name, value))
