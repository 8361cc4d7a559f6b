"""RSS, RDF and Atom, through feedparser, whose own cleaning is not relied on."""

import re
from datetime import UTC, datetime
from typing import Any

import feedparser

from service.articles import pictures, tombstones, urls
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

#: References to halves of UTF-16 pairs: no characters, and nothing that comes later can encode them.
_HALF_PAIR = re.compile(
    r"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));?"
)


def parse(text: str, *, base_url: str) -> Feed:
    """Read a document that was decoded and screened; entries beyond the cap are left out."""
    document = feedparser.parse(
        _HALF_PAIR.sub("\N{REPLACEMENT CHARACTER}", text).encode("utf-8", errors="replace"),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": base_url},
        # Everything is cleaned by ours; its own cleaner would only hide what ours has to stand.
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    deleted = tombstones.find(text)
    if not document.entries and document.bozo:
        problem = plain_line(str(document.get("bozo_exception", "")), limit=120)
        raise FetchError(f"The feed is damaged and nothing in it can be read ({problem or 'unknown error'}).")
    language = language_tag(document.feed.get("language"))
    read = [_entry(raw, base_url=base_url, language=language) for raw in document.entries[:MOST_ENTRIES]]
    entries = tuple(entry for entry in read if entry is not None)
    return Feed(
        title=plain_line(document.feed.get("title"), limit=LONGEST_TITLE),
        entries=entries,
        left_out=len(document.entries) - len(entries),
        deleted=deleted,
    )


def _entry(raw: Any, *, base_url: str, language: str | None) -> Entry | None:
    """Clean one entry; None when nothing leads to it or nothing says what it is."""
    url = urls.first_of(_links(raw), else_of=raw.get("id"), base=base_url)
    description = str(raw.get("summary") or "")
    content = " ".join(str(part.get("value") or "") for part in raw.get("content", []))
    title = plain_line(raw.get("title"), limit=LONGEST_TITLE) or plain_line(description or content, limit=90)
    if url is None or not title:
        return None
    published = _moment(raw.get("published_parsed")) or _moment(raw.get("updated_parsed"))
    picture = pictures.from_entry(raw, texts=(content, description), base=url)
    return Entry(
        guid=guid_or_fingerprint(raw.get("id") or raw.get("link"), title, published),
        url=url,
        title=title,
        summary_html=summary_html(description or content, base=url),
        summary=plain_summary(description or content, title=title),
        author=names_of(_people(raw)),
        image_url=picture.url if picture else None,
        image_alt=picture.alt if picture else "",
        image_width=picture.width if picture else None,
        image_height=picture.height if picture else None,
        language=language_tag(raw.get("title_detail", {}).get("language")) or language,
        categories=distinct_categories(
            tag.get("label") or tag.get("term") for tag in raw.get("tags", []) if tag
        ),
        published_at=published,
        canonical=urls.first_of(_originals(raw), else_of=None, base=base_url),
    )


def _originals(raw: Any) -> list[str]:
    canonical = [link.get("href") for link in raw.get("links", []) if link.get("rel") == "canonical"]
    return [str(link) for link in (*canonical, raw.get("feedburner_origlink")) if link]


def _links(raw: Any) -> list[str]:
    alternates = [link.get("href") for link in raw.get("links", []) if link.get("rel") == "alternate"]
    return [str(link) for link in (raw.get("link"), *alternates) if link]


def _people(raw: Any) -> list[object]:
    return [person.get("name") for person in raw.get("authors", []) if person] or [raw.get("author")]


def _moment(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
