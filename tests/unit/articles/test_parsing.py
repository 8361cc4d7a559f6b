"""Feeds of every kind, good and bad, read into clean values."""

import json
import time
from datetime import UTC, datetime

import pytest

from service.articles.apart import parse_apart
from service.articles.parsing import parse
from service.errors import FetchError

BASE = "https://courier.example/feed.xml"


def rss(items: str, *, head: str = "", attributes: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        f'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:content="http://purl.org/rss/1.0/modules/content/" {attributes}>'
        f"<channel><title>The Courier</title>{head}{items}</channel></rss>"
    ).encode()


STORY = """<item>
  <title>Ferry &amp;amp; tram: what &lt;b&gt;changes&lt;/b&gt;</title>
  <link>/news/ferry?utm_source=rss</link>
  <guid isPermaLink="false">story-1</guid>
  <description>&lt;p&gt;The ferry &lt;a href="/x"&gt;sails&lt;/a&gt; again.&lt;/p&gt;</description>
  <dc:creator>Ada Quay</dc:creator>
  <category>Transport</category><category> transport </category><category>City Hall</category>
  <pubDate>Mon, 23 Nov 2026 08:00:00 +0100</pubDate>
  <media:content url="/small.jpg" medium="image" width="120"/>
  <media:content url="/large.jpg" medium="image" width="1200"/>
</item>"""


def test_an_rss_item_becomes_clean_values() -> None:
    feed = parse(rss(STORY, head="<language>en_GB</language>"), base_url=BASE)
    (entry,) = feed.entries
    assert feed.title == "The Courier"
    assert entry.guid == "story-1"
    assert entry.url == "https://courier.example/news/ferry?utm_source=rss"
    assert entry.title == "Ferry & tram: what changes"
    assert entry.summary == "The ferry sails again."
    assert entry.summary_html.startswith('<p>The ferry <a href="https://courier.example/x"')
    assert entry.author == "Ada Quay"
    assert entry.categories == ("Transport", "City Hall")
    assert entry.image_url == "https://courier.example/large.jpg"
    assert entry.language == "en-GB"
    assert entry.published_at == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("media", "chosen"),
    [
        ([(300, 200, ""), (1600, 900, ""), (2400, 1350, "")], (1600, 900)),
        ([(300, 200, ""), (800, 450, "")], (800, 450)),
        ([(9000, 6000, ""), (640, 360, "")], (640, 360)),
        ([(1600, 900, 'fileSize="9000000"'), (640, 360, 'fileSize="90000"')], (640, 360)),
        ([(9000, 6000, "")], None),
    ],
)
def test_of_several_sizes_the_smallest_that_fills_a_mail_is_taken(
    media: list[tuple[int, int, str]], chosen: tuple[int, int] | None
) -> None:
    pictures = "".join(
        f'<media:content url="/{width}.jpg" medium="image" width="{width}" height="{height}" {more}/>'
        for width, height, more in media
    )
    story = f"<item><title>A</title><link>/a</link>{pictures}</item>"
    [entry] = parse(rss(story), base_url=BASE).entries
    found = (entry.image_width, entry.image_height) if entry.image_url else None
    assert found == chosen
    assert entry.image_url == (f"https://courier.example/{chosen[0]}.jpg" if chosen else None)


def test_an_atom_entry_becomes_clean_values() -> None:
    feed = parse(
        b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Kurier</title>
        <entry><id>tag:kurier.example,2026:1</id><title type="html">F&amp;#228;hre &amp;lt;3</title>
        <link rel="alternate" href="https://kurier.example/1"/><updated>2026-11-23T08:00:00Z</updated>
        <author><name>Ada</name></author><author><name>desk@kurier.example</name></author>
        <category term="verkehr" label="Verkehr"/>
        <content type="html">&lt;img src="pixel.gif" width="1" height="1"&gt;
        &lt;img src="/b.jpg" alt="The quay"&gt;
        &lt;p&gt;Sie f&#228;hrt.&lt;/p&gt;</content></entry></feed>""",
        base_url="https://kurier.example/feed",
    )
    (entry,) = feed.entries
    assert entry.title == "Fähre <3"
    assert entry.author == "Ada"
    assert entry.categories == ("Verkehr",)
    assert (entry.image_url, entry.image_alt) == ("https://kurier.example/b.jpg", "The quay")
    assert entry.summary == "Sie fährt."
    assert entry.language == "de"


def test_a_json_feed_becomes_the_same_values() -> None:
    feed = parse(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "The <Courier>",
                "language": "en",
                "authors": [{"name": "Desk"}],
                "items": [
                    {
                        "id": 7,
                        "url": "/seven",
                        "title": "Tags like <b> explained\r\nBcc: x",
                        "content_html": "<p>Yes.<script>alert(1)</script></p><img src='/7.jpg'>",
                        "date_published": "2026-11-23T09:00:00+01:00",
                        "tags": ["Web", "web", 3, None],
                    },
                    {"id": "no-address-at-all", "title": "Left out"},
                    "not an object",
                ],
            }
        ).encode(),
        base_url=BASE,
    )
    (entry,) = feed.entries
    assert feed.title == "The <Courier>"
    assert entry.guid == "7"
    assert entry.url == "https://courier.example/seven"
    assert entry.title == "Tags like <b> explained Bcc: x"
    assert entry.summary_html == "<p>Yes.</p>"
    assert entry.author == "Desk"
    assert entry.image_url == "https://courier.example/7.jpg"
    assert entry.categories == ("Web", "3")
    assert entry.published_at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert feed.left_out == 1


@pytest.mark.parametrize(
    ("item", "guid"),
    [
        ("<item><title>A</title><link>https://a.example/1</link></item>", "https://a.example/1"),
        ("<item><title>A</title><guid>https://a.example/2</guid></item>", "https://a.example/2"),
    ],
)
def test_without_a_guid_the_link_takes_its_place(item: str, guid: str) -> None:
    (entry,) = parse(rss(item), base_url=BASE).entries
    assert (entry.guid, entry.url) == (guid, guid)


def test_an_entry_without_address_or_words_is_left_out() -> None:
    feed = parse(
        rss(
            "<item><title>Nowhere to go</title></item><item><link>https://a.example/</link></item>"
            "<item><title>Bad</title><link>javascript:alert(1)</link></item>"
        ),
        base_url=BASE,
    )
    assert (feed.entries, feed.left_out) == ((), 3)


def test_what_a_feed_writes_never_reaches_another_line_or_a_browser() -> None:
    feed = parse(
        rss(
            "<item><title>=?utf-8?q?x=0ABcc:_y?= &#13;&#10;Bcc: victim@example.org</title>"
            "<link>https://a.example/1</link><dc:creator>A\nB</dc:creator>"
            "<description>&lt;script&gt;alert(1)&lt;/script&gt;&lt;p onload=x style=y&gt;Hi"
            "&lt;/p&gt;&lt;/td&gt;&lt;/table&gt;&lt;/body&gt;</description>"
            "<content:encoded><![CDATA[<!DOCTYPE html><style>*{}</style>]]></content:encoded></item>"
        ),
        base_url=BASE,
    )
    (entry,) = feed.entries
    assert "\n" not in entry.title
    assert "\r" not in entry.title
    assert entry.author == "A B"
    assert entry.summary_html == "<p>Hi</p>"
    assert entry.summary == "Hi"


def test_more_entries_than_anybody_reads_are_left_out() -> None:
    items = "".join(f"<item><title>A{n}</title><link>/{n}</link></item>" for n in range(600))
    feed = parse(rss(items), base_url=BASE)
    assert (len(feed.entries), feed.left_out) == (500, 100)


def test_an_empty_but_sound_feed_is_no_error() -> None:
    assert parse(rss(""), base_url=BASE).entries == ()


def test_a_feed_that_breaks_off_gives_what_came_before() -> None:
    feed = parse(rss(STORY + "<item><title>Torn")[:-30], base_url=BASE)
    assert feed.entries[0].title == "Ferry & tram: what changes"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<rss><channel><item><title>Größe</title><link>/1</link></item></channel></rss>".encode(), ""),
        (
            '<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><item><title>Größe</title>'
            "<link>/1</link></item></channel></rss>".encode("latin-1"),
            "",
        ),
        (
            "<rss><channel><item><title>Größe</title><link>/1</link></item></channel></rss>".encode("cp1252"),
            "text/xml; charset=windows-1252",
        ),
        (
            '<?xml version="1.0" encoding="utf-16"?><rss><channel><item><title>Größe</title>'
            "<link>/1</link></item></channel></rss>".encode("utf-16"),
            "",
        ),
        (
            '<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><item><title>Größe</title>'
            "<link>/1</link></item></channel></rss>".encode(),
            "text/xml; charset=us-ascii",
        ),
    ],
    ids=["utf-8", "declared", "header", "utf-16", "mislabelled"],
)
def test_charsets_are_understood(body: bytes, content_type: str) -> None:
    assert parse(body, base_url=BASE, content_type=content_type).entries[0].title == "Größe"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><rss><channel/></rss>'
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b"\xff\xfe" + BOMB.encode("utf-16-le"),
        BOMB.encode("utf-16-le"),
        b'<!DOCTYPE rss PUBLIC "x" "http://evil.example/x.dtd"><rss><channel/></rss>',
        b"<!-- <rss> --><!doctype r><rss><channel/></rss>",
        b'<!--\n<!ENTITY a "b">\n--><rss><channel/></rss>',
        b"<?x?><!ENTITY a 'b'><rss><channel/></rss>",
        b"<![CDATA[ --><!DOCTYPE x> ]]><rss/>",
    ],
)
def test_document_types_and_entities_are_refused_however_they_are_written(body: bytes) -> None:
    with pytest.raises(FetchError, match="declares a document type or entities"):
        parse(body, base_url=BASE)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'<?xml version="1.0" encoding="utf-7"?>+ADw-rss+AD4-', ""),
        (b"+ADwAIQ-DOCTYPE x+AD4-", "application/rss+xml; charset=utf-7"),
        (b'<?xml version="1.0" encoding="cp037"?><rss/>', ""),
    ],
)
def test_charsets_that_hide_markup_are_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(FetchError, match=r"charset .* is not accepted"):
        parse(body, base_url=BASE, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "empty answer"),
        (b" \n\t ", "empty answer"),
        (b"just words", "neither a feed nor a web page"),
        (b"<opml><body/></opml>", "XML .<opml>., but neither RSS nor Atom"),
        (b"<rss><channel><item", "damaged"),
        (b'{"version": ', "begins like JSON"),
        (b"{" * 100_000, "begins like JSON"),
        (b'{"a":' + b"[" * 100_000, "begins like JSON"),
        (b'{"version": "1.0", "items": []}', "not a JSON Feed"),
        (b"\xef\xbb\xbf\xff\xff<rss/>", "damaged"),
        (b"<!doctype html><html><body>Hi</body></html>", "does not say where its feed is"),
        (
            (
                b"<!DOCTYPE html><html><head><link rel=alternate type='application/rss+xml' href='/rss'>"
                b'<link type="application/feed+json" href="https://b.example/f.json"></head></html>'
            ),
            "links to these feeds: https://courier.example/rss, https://b.example/f.json",
        ),
    ],
)
def test_what_is_no_feed_is_refused_with_a_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(FetchError, match=sentence) as refusal:
        parse(body, base_url=BASE)
    assert str(refusal.value).endswith((".", ").", ".json"))


@pytest.mark.parametrize(
    "field",
    [
        "<p" * 15_000,
        "&amp;lt;" * 30_000,
        "&lt;div&gt;" * 20_000,
        "x" * 3_000_000,
        "&lt;!--" * 20_000,
        "\u202e" * 50_000,
    ],
    ids=["tags", "entities", "nesting", "length", "comments", "bidi"],
)
def test_a_hostile_field_costs_little(field: str) -> None:
    item = f"<item><title>{field}</title><link>/1</link><description>{field}</description></item>"
    began = time.perf_counter()
    try:
        feed = parse(rss(item), base_url=BASE)
    except FetchError:
        feed = None
    assert time.perf_counter() - began < 5
    assert feed is None or all(len(entry.title) <= 300 for entry in feed.entries)


def test_parsing_apart_gives_the_same_as_parsing_here() -> None:
    body = rss(STORY, head="<language>en</language>")
    assert parse_apart(body, base_url=BASE, content_type="text/xml") == parse(body, base_url=BASE)


def test_parsing_apart_says_why_a_feed_is_refused() -> None:
    with pytest.raises(FetchError, match="web page, not a feed"):
        parse_apart(b"<html></html>", base_url=BASE)


def test_a_feed_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(FetchError, match=r"longer than 0\.01 seconds"):
        parse_apart(rss(STORY), base_url=BASE, time_limit=0.01)


def test_half_characters_cost_an_article_nothing_but_themselves() -> None:
    item = "<item><title>One &#xD83D; two &#55357; three</title><link>https://a.example/1</link></item>"
    feed = parse(rss(item), base_url="https://a.example/")
    assert [entry.title for entry in feed.entries] == ["One � two � three"]


def test_a_json_feed_may_hold_half_characters_and_moments_before_time() -> None:
    items = [
        {"id": "1", "url": "https://a.example/1", "title": "One \ud83d two", "tags": ["\udc00x"]},
        {
            "id": "2",
            "url": "https://a.example/2",
            "title": "Two",
            "date_published": "0001-01-01T00:00:00+14:00",
        },
    ]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "\ud800", "items": items})
    feed = parse(body.encode(), base_url="https://a.example/")
    assert [entry.title for entry in feed.entries] == ["One ? two", "Two"]
    assert feed.entries[1].published_at is None
