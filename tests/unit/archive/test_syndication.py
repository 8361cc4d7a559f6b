"""Feeds as other programs read them."""

import json
from datetime import UTC, datetime

import feedparser
import pytest

from service.archive.syndication import Entry, Feed, Point, atom, json_feed

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOSTILE = 'Cats & <script>alert("1")</script>\x00\x0b]]> \u202egnp.exe'


def make_feed(*entries: Entry) -> Feed:
    return Feed(
        id="tag:courier.example,2026-11-24:courier/feed",
        title=HOSTILE,
        description="News",
        home_url="https://courier.example/n/courier/archive",
        atom_url="https://courier.example/n/courier/feed.atom",
        json_url="https://courier.example/n/courier/feed.json",
        language="en",
        author="The Courier",
        since=NOW,
        entries=entries,
    )


ENTRY = Entry(
    id="tag:courier.example,2026-11-24:courier/a/1",
    title=HOSTILE,
    url='https://courier.example/1?a="b"&c=<d>',
    published_at=NOW,
    updated_at=NOW,
    summary=HOSTILE,
    author="Ann & Bo",
    points=(Point(HOSTILE, 'https://courier.example/2?"><b>', HOSTILE),),
)


def test_hostile_words_stay_words_in_atom() -> None:
    read = feedparser.parse(atom(make_feed(ENTRY)))
    assert not read.bozo
    assert read.version == "atom10"
    [entry] = read.entries
    assert (entry.id, entry.link, entry.author) == (ENTRY.id, ENTRY.url, "Ann & Bo")
    assert entry.title.startswith("Cats &")
    assert "<script" not in entry.content[0].value
    assert "\u202e" not in atom(make_feed(ENTRY)).decode()


def test_hostile_words_stay_words_in_json_feed() -> None:
    read = json.loads(json_feed(make_feed(ENTRY)))
    assert read["version"] == "https://jsonfeed.org/version/1.1"
    [item] = read["items"]
    assert (item["id"], item["url"]) == (ENTRY.id, ENTRY.url)
    assert item["date_published"] == "2026-11-24T09:00:00Z"
    assert "<script" not in item["content_html"]
    assert {"content_html", "content_text"} & item.keys()


def test_a_feed_without_entries_is_valid_and_dated() -> None:
    read = feedparser.parse(atom(make_feed()))
    assert not read.bozo
    assert read.feed.updated == "2026-11-24T09:00:00Z"
    assert json.loads(json_feed(make_feed()))["items"] == []


@pytest.mark.parametrize("summary", ["", "Something"])
def test_every_json_item_has_content(summary: str) -> None:
    entry = Entry("tag:x", "Title", "https://x.example/", NOW, NOW, summary=summary)
    [item] = json.loads(json_feed(make_feed(entry)))["items"]
    assert item["content_text"] == summary or item["content_text"] == "Title"
