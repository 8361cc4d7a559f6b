"""JSON Feed 1.0 and 1.1 (jsonfeed.org), read into the same values as RSS and Atom."""

import html
import json
from datetime import UTC, datetime
from typing import Any

from service.articles import pictures, urls
from service.articles.cleaning import plain_line, plain_summary, summary_html
from service.articles.entries import Entry, Feed
from service.articles.fields import (
    LONGEST_TITLE,
    MOST_ENTRIES,
    distinct_categories,
    guid_or_fingerprint,
    language_tag,
    names_of,
)
from service.errors import FetchError

_VERSION = "https://jsonfeed.org/version/1"


def parse(text: str, *, base_url: str) -> Feed:
    """Read a JSON Feed.

    :raises FetchError: it is not JSON, or JSON of another kind.
    """
    try:
        # "\ud800" is legal JSON and no character: written and read again it is a question mark.
        escaped = json.dumps(json.loads(text), ensure_ascii=False)
        document = json.loads(escaped.encode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise FetchError("The feed is damaged: it begins like JSON and is not valid.") from error
    if not isinstance(document, dict) or not str(document.get("version", "")).startswith(_VERSION):
        raise FetchError("This is JSON, but not a JSON Feed (its “version” does not say so).")
    items = _objects(document.get("items"))
    read = [_entry(item, feed=document, base_url=base_url) for item in items[:MOST_ENTRIES]]
    entries = tuple(entry for entry in read if entry is not None)
    title = plain_line(html.escape(_text(document, "title")), limit=LONGEST_TITLE)
    return Feed(title=title, entries=entries, left_out=len(items) - len(entries))


def _entry(item: dict[str, Any], *, feed: dict[str, Any], base_url: str) -> Entry | None:
    url = urls.first_of(
        (_text(item, "url"), _text(item, "external_url")), else_of=item.get("id"), base=base_url
    )
    content = _text(item, "content_html") or html.escape(_text(item, "content_text"))
    description = html.escape(_text(item, "summary")) or content
    # Titles are plain text by the standard, so markup in them is text and stays readable.
    title = plain_line(html.escape(_text(item, "title")), limit=LONGEST_TITLE)
    title = title or plain_line(description, limit=90)
    if url is None or not title:
        return None
    published = _moment(item.get("date_published")) or _moment(item.get("date_modified"))
    named = urls.resolve(_text(item, "image") or _text(item, "banner_image"), base=url)
    picture = pictures.Picture(named) if named else pictures.first_in((content,), base=url)
    tags = item.get("tags")
    return Entry(
        guid=guid_or_fingerprint(item.get("id") or item.get("url"), title, published),
        url=url,
        title=title,
        summary_html=summary_html(description, base=url),
        summary=plain_summary(description, title=title),
        author=names_of(_people(item) or _people(feed)),
        image_url=picture.url if picture else None,
        image_alt=picture.alt if picture else "",
        image_width=picture.width if picture else None,
        image_height=picture.height if picture else None,
        language=language_tag(item.get("language") or feed.get("language")),
        categories=distinct_categories(tags if isinstance(tags, list) else ()),
        published_at=published,
    )


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _people(values: dict[str, Any]) -> list[object]:
    """Version 1.1 has a list of authors, 1.0 a single one."""
    people = _objects(values.get("authors")) or _objects([values.get("author")])
    return [person.get("name") for person in people if person.get("name")]


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
        # RFC 3339 wants an offset; a feed without one means UTC more often than anything else.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
