import html
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from urllib.error import URLError

import feedparser
import pytest
from werkzeug.test import Client

from service.demo.publication import load_publication
from service.demo.site import Site, serve
from service.errors import StartupError

STARTED_AT = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
BASE_URL = "http://127.0.0.1:8099"
SIGNUP_URL = "http://127.0.0.1:8000/lantern"
PUBLICATION = load_publication()


@pytest.fixture
def site() -> Client:
    return Client(Site(PUBLICATION, base_url=BASE_URL, signup_url=SIGNUP_URL, started_at=STARTED_AT))


def test_the_feed_holds_every_article_as_written(site: Client) -> None:
    feed = feedparser.parse(site.get("/feed.xml").data)
    assert not feed.bozo
    entries = {entry.link.rpartition("/")[2]: entry for entry in feed.entries}
    assert len(feed.entries) == len(entries) == len(PUBLICATION.articles)
    for article in PUBLICATION.articles:
        entry = entries[article.slug]
        assert entry.title == article.headline
        assert entry.author == article.author
        assert tuple(tag.term for tag in entry.tags) == article.categories
        assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == STARTED_AT - article.age
        assert bool(entry.get("summary")) == bool(article.summary)
        assert bool(entry.get("media_content")) == bool(article.picture)


def test_markup_in_a_summary_stays_text(site: Client) -> None:
    feed = feedparser.parse(site.get("/feeds/food.xml").data)
    summaries = [entry.summary for entry in feed.entries if "Toast" in entry.get("summary", "")]
    assert len(summaries) == 1
    assert summaries[0].endswith("Toast &lt; Half.</p>")


def test_a_topic_feed_holds_what_is_tagged_with_any_of_its_spellings(site: Client) -> None:
    mapping = PUBLICATION.topic_of_category()
    for topic in PUBLICATION.topics:
        feed = feedparser.parse(site.get(f"/feeds/{topic.slug}.xml").data)
        mine = [
            article.headline
            for article in PUBLICATION.articles
            if topic.slug in {mapping.get(category) for category in article.categories}
        ]
        assert [entry.title for entry in feed.entries] == mine
        self_link = next(link.href for link in feed.feed.links if link.rel == "self")
        assert self_link == f"{BASE_URL}/feeds/{topic.slug}.xml"


def test_an_unchanged_feed_is_not_sent_again(site: Client) -> None:
    first = site.get("/feed.xml")
    assert site.get("/feed.xml", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    since = first.headers["Last-Modified"]
    again = site.get("/feed.xml", headers={"If-Modified-Since": since})
    assert (again.status_code, again.data) == (304, b"")
    assert site.get("/feed.xml", headers={"If-None-Match": '"other"'}).status_code == 200


def test_dates_are_the_same_after_a_restart_and_guids_on_another_port() -> None:
    def entries(base_url: str) -> list[tuple[str, str]]:
        site = Site(PUBLICATION, base_url=base_url, signup_url=SIGNUP_URL, started_at=STARTED_AT)
        feed = feedparser.parse(Client(site).get("/feed.xml").data)
        return [(entry.id, entry.published) for entry in feed.entries]

    assert entries(BASE_URL) == entries("http://127.0.0.1:9999")


def test_every_article_and_its_picture_can_be_opened(site: Client) -> None:
    for article in PUBLICATION.articles:
        page = site.get(f"/articles/{article.slug}")
        assert page.status_code == 200
        text = html.unescape(page.text)
        assert article.headline in text
        assert all(paragraph in text for paragraph in article.paragraphs)
        if article.picture:
            assert f"/pictures/{article.picture.seed}.png" in page.text
    seed = next(article.picture.seed for article in PUBLICATION.articles if article.picture)
    picture = site.get(f"/pictures/{seed}.png")
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(b"\x89PNG")


def test_front_and_topic_pages_lead_to_the_sign_up_page(site: Client) -> None:
    for path in ("/", *(f"/topics/{topic.slug}" for topic in PUBLICATION.topics)):
        page = site.get(path)
        assert page.status_code == 200
        assert f'href="{SIGNUP_URL}"' in page.text


def test_the_front_page_shows_no_story_twice(site: Client) -> None:
    links = re.findall(r"<h[23]><a href=\"([^\"]+)\"", site.get("/").text)
    assert len(links) > 30
    assert len(links) == len(set(links))


@pytest.mark.parametrize(
    "path", ["/nothing", "/articles/nothing", "/topics/x", "/feeds/x.xml", "/pictures/coast-x.png"]
)
def test_what_is_not_there_is_a_page_that_says_so(site: Client, path: str) -> None:
    page = site.get(path)
    assert page.status_code == 404
    assert "not in today" in page.text


def test_only_reading_is_allowed(site: Client) -> None:
    assert site.post("/feed.xml").status_code == 405


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"Port {port} "):
            serve(port=port, signup_url=SIGNUP_URL, started_at=STARTED_AT)


def test_the_server_answers_on_loopback_and_stops_on_sigterm() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "from datetime import UTC, datetime\nfrom service.demo.site import serve\n"
        f"serve(port={port}, signup_url='http://127.0.0.1/', started_at=datetime.now(UTC))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    try:
        body = _open(f"http://127.0.0.1:{port}/feed.xml")
        assert len(feedparser.parse(body).entries) == len(PUBLICATION.articles)
        os.kill(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert errors == b""


def _open(url: str) -> bytes:
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                body: bytes = response.read()
                return body
        except URLError:
            assert time.monotonic() < end, "the site did not come up"
            time.sleep(0.05)
