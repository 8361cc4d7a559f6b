"""What an Atom feed says it took back (RFC 6721)."""

from datetime import UTC, datetime

import pytest

from service.articles import parsing, tombstones
from service.articles.tombstones import Tombstone

FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"
 xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>Courier</title><id>urn:c</id>
<at:deleted-entry ref="urn:courier:1?a=1&amp;b=2" when="2026-11-24T10:00:00+01:00"/>
<at:deleted-entry when='2026-11-23T08:00:00Z' ref='urn:courier:2'><at:comment/></at:deleted-entry>
<at:deleted-entry ref="urn:courier:3"/>
<at:deleted-entry ref="urn:courier:4" when="yesterday"/>
<entry><id>urn:courier:9</id><title>Tide</title><link href="https://courier.example/9"/></entry></feed>"""


def test_deleted_entries_are_read_with_their_moment() -> None:
    found = parsing.parse(FEED.encode(), base_url="https://courier.example/feed")

    assert [entry.guid for entry in found.entries] == ["urn:courier:9"]
    assert found.deleted == (
        Tombstone("urn:courier:1?a=1&b=2", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        Tombstone("urn:courier:2", datetime(2026, 11, 23, 8, tzinfo=UTC)),
    )


@pytest.mark.parametrize("text", ["", "<feed/>", FEED.replace("purl.org", "example.org")])
def test_without_the_namespace_nothing_was_deleted(text: str) -> None:
    assert tombstones.find(text) == ()
