"""Turns the bytes of a feed into clean values. Pure: no network, no database, no clock.

Feeds are written by strangers and a parser may still be made slow: `apart.py` gives it a process of its own.
"""

import re

from service.articles import json_feed, screening, urls, xml_feed
from service.articles.entries import Feed
from service.errors import FetchError

_ROOTS = frozenset({"rss", "rdf:rdf", "feed", "channel"})
_FEED_LINK = re.compile(r"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_FEED_TYPE = re.compile(r"""type\s*=\s*["']?application/(?:rss\+xml|atom\+xml|feed\+json)""", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)


def parse(body: bytes, *, base_url: str, content_type: str = "") -> Feed:
    """Read RSS, Atom, RDF or JSON Feed.

    :raises FetchError: with a sentence for the operator, when it is none of these or must not be read.
    """
    text = screening.decode(body, content_type=content_type)
    if text.lstrip().startswith("{"):
        return json_feed.parse(text, base_url=base_url)
    root, start = screening.root_of(text)
    if root == "html":
        raise FetchError(_about_web_page(text, base_url))
    if root not in _ROOTS:
        raise FetchError(f"This is XML (<{root[:40]}>), but neither RSS nor Atom.")
    return xml_feed.parse(text[start:], base_url=base_url)


def _about_web_page(text: str, base_url: str) -> str:
    found = []
    for link in _FEED_LINK.findall(text):
        target = _HREF.search(link)
        if target and _FEED_TYPE.search(link):
            found.append(urls.resolve(next(filter(None, target.groups()), ""), base=base_url))
    feeds = list(dict.fromkeys(filter(None, found)))[:5]
    if feeds:
        return f"This is a web page, not a feed; it links to these feeds: {', '.join(feeds)}"
    return "This is a web page, not a feed, and it does not say where its feed is."
