"""Finds the picture of an entry: what the feed names as such, else the first real one in the text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from service.articles import urls
from service.articles.cleaning import LONGEST_FIELD, plain_line

LONGEST_ALT = 200
#: Smaller ones are counting pixels, share buttons and smileys.
SMALLEST = 48
#: Twice the width of a mail: sharp on every screen, and no heavier than need be.
_WIDE_ENOUGH = 1200
#: Nobody's mail should load more than that for one picture.
WIDEST, HEAVIEST = 6_000, 3_000_000
#: Counters of feed services that do not say how small they are.
_COUNTERS = re.compile(
    r"feedburner\.com/~|//(?:stats|pixel)\.wp\.com/|stats\.wordpress\.com/|/(?:pixel|beacon)\b"
)


@dataclass(frozen=True, slots=True)
class Picture:
    url: str
    alt: str = ""
    #: In pixels; None where it is not said.
    width: int | None = None
    height: int | None = None


def from_entry(entry: Any, *, texts: Iterable[str], base: str) -> Picture | None:
    """Choose among media:content, media:thumbnail, enclosures and `<img>`; None without a usable one.

    Of several sizes the smallest that fills a mail is taken; what is said to be huge is not.
    """
    media = sorted((item for item in entry.get("media_content", []) if _is_image(item)), key=_fitness)
    enclosures = [
        {"url": link.get("href"), "type": link.get("type", ""), "filesize": link.get("length")}
        for link in entry.get("links", [])
        if link.get("rel") == "enclosure"
    ]
    named = [*media, *entry.get("media_thumbnail", []), *(item for item in enclosures if _is_image(item))]
    for item in named:
        url = urls.resolve(str(item.get("url") or ""), base=base)
        if url and not _is_huge(item):
            return Picture(url, "", *_size(item))
    return first_in(texts, base=base)


def first_in(texts: Iterable[str], *, base: str) -> Picture | None:
    """Return the first `<img>` with an http(s) address that is not a counting pixel."""
    for text in texts:
        finder = _Finder(base)
        finder.feed(text[:LONGEST_FIELD])
        if finder.found:
            return finder.found
    return None


class _Finder(HTMLParser):
    """Stops caring after the first usable image."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.found: Picture | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "img" or self.found:
            return
        values = {name: value or "" for name, value in attrs}
        if any(0 < _number(values.get(side), missing=SMALLEST) < SMALLEST for side in ("width", "height")):
            return
        url = urls.resolve(values.get("src", ""), base=self._base)
        if url and not _COUNTERS.search(url):
            self.found = Picture(url, plain_line(values.get("alt"), limit=LONGEST_ALT), *_size(values))


def _fitness(item: Any) -> tuple[int, int]:
    width = _number(item.get("width"))
    if width >= _WIDE_ENOUGH:
        return 0, width
    return (1, -width) if width else (2, 0)


def _is_huge(item: Any) -> bool:
    weight = str(item.get("filesize") or "")
    sides = (_number(item.get(side)) for side in ("width", "height"))
    return max(sides) > WIDEST or (weight.isdecimal() and int(weight[:12]) > HEAVIEST)


def _size(item: Any) -> tuple[int | None, int | None]:
    """Return width and height, where both are said."""
    width, height = _number(item.get("width")), _number(item.get("height"))
    return (width, height) if width and height else (None, None)


def _is_image(item: Any) -> bool:
    kind = str(item.get("type") or "").lower()
    if item.get("medium") == "image" or kind.startswith("image/"):
        return "svg" not in kind
    # Some feeds give an address and nothing else; its ending has to do.
    plain = str(item.get("url") or "").lower().partition("?")[0]
    return not kind and not item.get("medium") and plain.endswith((".jpg", ".jpeg", ".png", ".webp", ".gif"))


def _number(value: Any, *, missing: int = 0) -> int:
    digits = str(value or "").strip().removesuffix("px")
    return int(digits) if digits.isdecimal() and len(digits) < 6 else missing
