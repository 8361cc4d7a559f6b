"""The front page: every number leads to the list it counts."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from service.db import Sessions, transaction
from service.delivery.models import Stream
from service.digests import planning
from service.newsletters.models import Rhythm
from service.operators.models import Role
from service.ops import heartbeats
from service.subscribers.models import ConsentEvent, ConsentKind, SubscriptionState
from tests.factories import make_newsletter, make_subscription
from tests.integration.digests.worlds import LINKS, make_due, make_world
from tests.integration.ops.scenes import EVERYTHING, make_mailing
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def desk(sessions: Sessions, visitor: Visitor) -> Visitor:
    """A viewer at a desk where everything that can happen has happened, twice."""
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        make_mailing(session, EVERYTHING, now=now)
        make_mailing(session, EVERYTHING, now=now, stream=Stream.BLAST, cause="blast 1")
    visitor.be(sessions, Role.VIEWER)
    return visitor


def numbers(page: str) -> list[tuple[int, str]]:
    """Every number on the page that is a link to a list of messages, with its address."""
    found = re.findall(r'<a href="(/console/queue/messages/\?[^"]+)">(?:<b>)?([\d,]+)(?:</b>)?', page)
    return [(int(n.replace(",", "")), unescape(url)) for url, n in found]


def length(visitor: Visitor, url: str) -> int:
    """How many messages a list holds, over all its pages."""
    page = visitor.open(url).text
    here = len(re.findall(r'<td><a href="/console/queue/messages/\d+/\d+"', page))
    following = re.search(r'<a href="([^"]+)">Older messages</a>', page)
    return here + (length(visitor, unescape(following[1])) if following else 0)


def test_every_number_is_the_length_of_the_list_it_leads_to(desk: Visitor) -> None:
    found = numbers(desk.open("/console/").text)
    assert len(found) >= 12
    for number, url in found:
        assert length(desk, url) == number, url


def test_the_account_of_a_mailing_leads_to_its_lists_and_adds_up(desk: Visitor) -> None:
    mailing = re.findall(r'href="(/console/queue/\d+)"', desk.open("/console/queue/").text)[0]
    page = desk.open(mailing).text
    assert "It adds up" in page
    found = numbers(page)
    for number, url in found:
        assert length(desk, url) == number, url
    total = next(number for number, url in found if "state=all" in url)
    terms = ("sent", "skipped", "failed", "unknown", "pending")
    parts = {
        state: next(number for number, url in found if f"state={state}" in url and "reason=" not in url)
        for state in terms
    }
    assert total == sum(parts.values()) == sum(EVERYTHING.values())


def test_lists_go_on_where_the_page_ends(sessions: Sessions, desk: Visitor) -> None:
    with transaction(sessions) as session:
        sent = next(key for key in EVERYTHING if key[0].value == "sent")
        mailing = make_mailing(session, {sent: 61}, now=datetime.now(UTC), cause="edition long")
    assert length(desk, f"/console/queue/messages/?state=sent&mailing={mailing.id}") == 61


def test_silence_and_missing_facts_are_said_in_sentences(sessions: Sessions, visitor: Visitor) -> None:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        make_newsletter(session, name="Tidewater").sender.postal_address = ""
        heartbeats.beat(session, name="beat@a:1", kind="beat", started_at=now, now=now)
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/").text
    assert "No worker is alive" in page
    assert "Beat is silent" not in page
    assert "Tidewater sends nothing yet" in page
    assert "postal address" in page


def test_an_empty_house_says_what_to_do(sessions: Sessions, visitor: Visitor) -> None:
    visitor.be(sessions, Role.ADMIN)
    assert "No newsletter yet" in visitor.open("/console/").text
    assert "No edition yet" in visitor.open("/console/editions/").text
    assert "No blast yet" in visitor.open("/console/blasts/").text
    assert "Nothing waits" in visitor.open("/console/queue/").text
    assert "Nobody here" in visitor.open("/console/queue/messages/?state=failed").text


def test_wrong_addresses_are_not_found_and_never_an_error(desk: Visitor) -> None:
    for path in (
        "/console/queue/999999",
        "/console/queue/messages/1/999999",
        "/console/queue/messages/?state=nonsense",
        "/console/editions/999999",
        "/console/blasts/999999",
        "/console/blasts/999999/mail",
        "/console/live/nonsense",
    ):
        assert desk.open(path).status_code == 404, path
    assert desk.open("/console/queue/messages/?before=x-1&mailing=").status_code == 200


def test_readers_whose_hour_passed_are_an_alarm_that_leads_to_their_edition(
    visitor: Visitor, sessions: Sessions
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    slot = now - timedelta(hours=14)
    with transaction(sessions) as session:
        newsletter = make_world(session)
        make_due(session, newsletter, rhythm=Rhythm.DAILY, hour=slot.hour, next_due_at=slot)
    visitor.be(sessions, Role.VIEWER)
    assert "missed a digest" not in visitor.open("/console/").text

    planning.plan_due(sessions, links=LINKS, now=now)

    page = visitor.open("/console/").text
    assert "1 reader of The Courier missed a digest." in page
    edition = re.search(r'<a href="(/console/editions/\d+)">Look at the edition</a>', page)
    assert edition
    shown = visitor.open(edition[1]).text
    assert "14 h late" in shown
    assert "their hour had passed for too long" in shown


def test_the_numbers_of_readers_lead_to_the_readers_that_they_count(
    sessions: Sessions, visitor: Visitor
) -> None:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        for _ in range(3):
            make_subscription(session, newsletter)
        make_subscription(session, newsletter, state=SubscriptionState.PENDING)
        left = make_subscription(session, newsletter, state=SubscriptionState.UNSUBSCRIBED)
        for kind in (ConsentKind.CONFIRMED, ConsentKind.UNSUBSCRIBED):
            session.add(ConsentEvent(subscription_id=left.id, kind=kind, at=now, channel="page", details={}))
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/").text
    found = re.findall(r'<a href="(/console/readers/\?[^"]+)">([\d,]+)</a>', page)
    assert [int(n) for _, n in found] == [3, 1, 1, 1]
    for url, n in found:
        listed = visitor.open(unescape(url)).text
        assert len(set(re.findall(r'href="/console/readers/(\d+)"', listed))) == int(n), url
