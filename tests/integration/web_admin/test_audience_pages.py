"""Choosing who gets a blast by the page: counted before it is saved, a list matched, a segment taken."""

import re
from datetime import UTC, datetime

import pytest

from service.blasts import audience
from service.blasts.criteria import Criteria
from service.blasts.models import Blast
from service.db import Sessions, transaction
from service.digests import tallying
from service.operators.models import Role
from service.ops import audience_estimate, reader_sample
from tests.factories import make_subscription
from tests.integration.ops import scenes
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def draft(sessions: Sessions) -> Blast:
    with transaction(sessions) as session:
        blast = scenes.make_draft(session, readers=3, now=datetime.now(UTC))
        make_subscription(session, blast.newsletter, announcements=True, email="ada@example.org", locale="de")
        return blast


def criteria_of(sessions: Sessions, blast: Blast) -> Criteria:
    with sessions() as session:
        return audience.of(session.get_one(Blast, blast.id))


def test_counting_changes_nothing_and_saving_does(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/audience"
    counted = visitor.send(path, locales=["de"], look="1")
    assert '<b class="reader-count">1</b>' in counted.text
    assert "a…a@example.org" in counted.text
    assert criteria_of(sessions, draft) == Criteria()
    part = visitor.send(path, locales=["de"], look="part").text
    assert '<b class="reader-count">1</b>' in part
    assert "<html" not in part
    assert visitor.send(path, locales=["de"]).location == f"/console/blasts/{draft.id}"
    assert criteria_of(sessions, draft) == Criteria(locales=("de",))
    assert "read in de" in visitor.open(f"/console/blasts/{draft.id}").text


def test_an_estimate_is_called_one_until_somebody_presses_the_button(
    sessions: Sessions, visitor: Visitor, draft: Blast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_sample, "MANY", 1)
    monkeypatch.setattr(audience_estimate, "FEW", 1)
    with transaction(sessions) as session:
        tallying.count(session, now=datetime.now(UTC))
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/audience"
    for answer in (visitor.open(path), visitor.send(path, look="part")):
        assert "An estimate, give or take" in answer.text
    assert "give or take" in visitor.open(f"/console/blasts/{draft.id}").text
    counted = visitor.send(path, look="1").text
    assert "An estimate" not in counted
    assert '<b class="reader-count">4</b>' in counted


def test_a_pasted_list_is_matched_kept_and_never_shown_again(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/audience"
    counted = visitor.send(path, addresses="ada@example.org\nstranger@example.org", look="1").text
    assert "Of 2 pasted addresses, 1 belong" in counted
    visitor.send(path, addresses="ada@example.org")
    page = visitor.open(path).text
    assert "Only the 1 readers of the list" in page
    assert "ada@example.org" not in page
    visitor.send(path, keep_list="y", locales=["en"])
    assert len(criteria_of(sessions, draft).listed or ()) == 1
    visitor.send(path)
    assert criteria_of(sessions, draft) == Criteria()


def test_what_is_wrong_is_said_beside_its_field(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/audience"
    for fields, sentence in (
        ({"zones": "Europe/Berlin, Atlantis/City"}, "“Atlantis/City” is no time zone"),
        ({"relation": "got"}, "Choose which mailing"),
        ({"addresses": "nobody at all"}, "no e-mail address in this list"),
        ({"joined_after": "2026-02-01", "joined_before": "2026-01-01"}, "after the last one"),
    ):
        answer = visitor.send(path, **fields)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert criteria_of(sessions, draft) == Criteria()


def test_a_segment_from_its_page_to_a_draft(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    visitor.be(sessions, Role.EDITOR)
    fields = {"name": "German readers", "locales": ["de"]}
    made = visitor.send(f"/console/blasts/segments/new?newsletter={draft.newsletter_id}", **fields)
    assert re.fullmatch(r"/console/blasts/segments/\d+", made.location)
    assert "readers who read in de" in visitor.open("/console/blasts/segments/").text
    segment_id = made.location.rpartition("/")[2]
    visitor.send(f"/console/blasts/{draft.id}/audience/segment", segment_id=segment_id)
    assert criteria_of(sessions, draft) == Criteria(locales=("de",))
    assert visitor.send(f"{made.location}", name="", locales=["de"]).status_code == 422
    written = visitor.send(f"{made.location}/write")
    assert written.location.endswith("/edit")
    assert visitor.send(f"{made.location}/delete").status_code == 302
    assert visitor.open(made.location).status_code == 404
    assert criteria_of(sessions, draft) == Criteria(locales=("de",))


def test_a_viewer_sees_segments_and_rules_and_changes_none(sessions: Sessions, visitor: Visitor) -> None:
    visitor.be(sessions, Role.VIEWER)
    assert visitor.open("/console/blasts/segments/").status_code == 200
    page = visitor.open("/console/blasts/rules")
    assert (page.status_code, 'id="save"' in page.text) == (200, False)
    assert visitor.send("/console/blasts/rules", typed_above=1).status_code == 403
