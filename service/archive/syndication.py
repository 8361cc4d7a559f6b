"""Feeds as bytes: Atom (RFC 4287) and JSON Feed 1.1, from the same entries. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from service.emails.sanitising import running_text, single_line

_ATOM = "http://www.w3.org/2005/Atom"
ATOM_TYPE = "application/atom+xml"
JSON_TYPE = "application/feed+json"


@dataclass(frozen=True, slots=True)
class Point:
    """A headline in an entry that has many."""

    title: str
    url: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article, or an edition with its articles as points."""

    #: A tag URI (RFC 4151): the same for ever, whatever becomes of the address.
    id: str
    title: str
    url: str
    published_at: datetime
    updated_at: datetime
    summary: str = ""
    author: str = ""
    points: tuple[Point, ...] = ()
    #: Clean HTML, where an entry brings its own.
    html: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says of itself. `atom_url` and `json_url` are where it is."""

    id: str
    title: str
    description: str
    home_url: str
    atom_url: str
    json_url: str
    language: str
    author: str
    #: The earliest that it can have changed, whatever its entries say.
    since: datetime
    entries: tuple[Entry, ...]

    @property
    def updated_at(self) -> datetime:
        return max([self.since, *(entry.updated_at for entry in self.entries)])


def atom(feed: Feed) -> bytes:
    root = Element("feed", {"xmlns": _ATOM, "xml:lang": feed.language})
    _text(root, "id", feed.id)
    _text(root, "title", feed.title)
    if feed.description:
        _text(root, "subtitle", feed.description)
    _text(root, "updated", _instant(feed.updated_at))
    SubElement(root, "link", {"rel": "self", "type": ATOM_TYPE, "href": feed.atom_url})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.home_url})
    _text(SubElement(root, "author"), "name", feed.author)
    for entry in feed.entries:
        _atom_entry(root, entry)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def json_feed(feed: Feed) -> bytes:
    items = [_json_item(entry) for entry in feed.entries]
    about: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": single_line(feed.title),
        "description": single_line(feed.description),
        "home_page_url": feed.home_url,
        "feed_url": feed.json_url,
        "language": feed.language,
        "authors": [{"name": single_line(feed.author)}],
        "items": items,
    }
    return json.dumps(
        {key: value for key, value in about.items() if value != ""}, ensure_ascii=False
    ).encode()


def _atom_entry(root: Element, entry: Entry) -> None:
    element = SubElement(root, "entry")
    _text(element, "id", entry.id)
    _text(element, "title", entry.title)
    SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": entry.url})
    _text(element, "published", _instant(entry.published_at))
    _text(element, "updated", _instant(entry.updated_at))
    if entry.author:
        _text(SubElement(element, "author"), "name", entry.author)
    if entry.summary:
        _text(element, "summary", entry.summary)
    if html := _html(entry):
        content = SubElement(element, "content", {"type": "html"})
        content.text = html


def _json_item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": single_line(entry.title),
        "date_published": _instant(entry.published_at),
        "date_modified": _instant(entry.updated_at),
    }
    html = _html(entry)
    item |= {"content_html": html} if html else {"content_text": single_line(entry.summary or entry.title)}
    if entry.summary:
        item["summary"] = single_line(entry.summary)
    if entry.author:
        item["authors"] = [{"name": single_line(entry.author)}]
    return item


def _html(entry: Entry) -> str:
    return running_text(entry.html) if entry.html else _list(entry.points)


def _list(points: Sequence[Point]) -> str:
    if not points:
        return ""
    lines = (
        f'<li><a href="{escape(point.url)}">{escape(single_line(point.title))}</a>'
        + (f"<br>{escape(single_line(point.summary))}" if point.summary else "")
        + "</li>"
        for point in points
    )
    return f"<ul>{''.join(lines)}</ul>"


def _text(parent: Element, name: str, value: str) -> None:
    SubElement(parent, name).text = single_line(value)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
