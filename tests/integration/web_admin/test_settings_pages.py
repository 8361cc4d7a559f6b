"""Settings through their pages: one index, relays that are tried, records to publish, topics that end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select

from service.app import create_app
from service.audit import AuditEntry
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import relays
from service.delivery.dkim_keys import KeyFolder, new_key
from service.delivery.models import Message, MessageState, Stream
from service.dispatch import TaskName
from service.dns.lookup import NotAsked
from service.newsletters import topics
from service.newsletters.models import Newsletter, Rhythm
from service.operators.models import Operator, Role
from service.prepare.port import Preparer
from service.subscribers.models import Subscription
from service.web.admin import domains
from tests.conftest import RecordingDispatcher
from tests.factories import NOW, make_newsletter, make_subscription
from tests.fakes import smtp_server
from tests.fakes.name_server import FakeDns
from tests.fakes.smtp_server import SmtpServer
from tests.integration.delivery.fleet_world import fleet
from tests.integration.web_admin.browsing import Visitor, flash

DOMAIN = "courier.example"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with smtp_server.running() as running:
        yield running


@pytest.fixture
def settled(runtime: Runtime, server: SmtpServer) -> Runtime:
    """The runtime with a relay that answers."""
    url = SecretStr(f"smtp://127.0.0.1:{server.port}?name=main")
    return runtime.with_(settings=runtime.settings.model_copy(update={"smtp_url": url}))


@pytest.fixture
def client(settled: Runtime) -> FlaskClient:
    app = create_app(settled)
    app.testing = True
    return app.test_client()


@pytest.fixture
def label(server: SmtpServer) -> str:
    return f"127.0.0.1:{server.port}"


@pytest.fixture
def newsletter(sessions: Sessions) -> Newsletter:
    with transaction(sessions) as session:
        return make_newsletter(session, topics=("Energy", "Climate", "Travel"))


@pytest.fixture
def sender(visitor: Visitor, sessions: Sessions) -> Operator:
    return visitor.be(sessions, Role.SENDER)


def test_the_index_says_of_everything_what_it_still_needs(
    visitor: Visitor, sender: Operator, sessions: Sessions
) -> None:
    empty = visitor.open("/console/settings/").text
    assert "none yet" in empty
    with transaction(sessions) as session:
        newsletter = make_newsletter(session, default_rhythm=Rhythm.MONTHLY, default_weekday=1)
        newsletter.sender.postal_address = ""
    page = visitor.open("/console/settings/").text
    for words in (
        "on the first Monday of every month",
        "no postal address",
        "waits",
        DOMAIN,
        "not looked up",
    ):
        assert words in page, words
    assert "password" not in page.lower().replace("your password", "").replace("password hidden", "")


def test_a_relay_is_checked_without_a_mail_and_the_check_is_remembered(
    visitor: Visitor, sender: Operator, server: SmtpServer, label: str
) -> None:
    page = visitor.send("/console/relays/relay/check", relay=label)
    assert page.status_code == 200
    assert "Mail can go this way." in page.text
    assert "EHLO" in page.text
    assert not server.accepted
    assert "works" in visitor.open(f"/console/relays/relay?relay={label}").text
    assert visitor.send("/console/relays/relay/check", relay="mail.example.org:25").status_code == 404


def test_a_test_mail_goes_through_the_one_relay_and_its_reply_is_on_the_page(
    server: SmtpServer,
    label: str,
    settled: Runtime,
    committing: Sessions,
    dispatcher: RecordingDispatcher,
    tmp_path: Path,
) -> None:
    app = create_app(settled.with_(sessions=committing))
    app.testing = True
    visitor = Visitor(app.test_client())
    sender = visitor.be(committing, Role.SENDER)
    with transaction(committing) as session:
        make_newsletter(session)
    for _ in range(2):
        sent = visitor.send("/console/relays/relay/test", relay=label, nonce="pressed twice")
    waiting = visitor.open(sent.location)
    assert "is on its way" in flash(waiting)
    assert 'http-equiv="refresh"' in waiting.text
    assert TaskName.DELIVER_TRANSACTIONAL in dispatcher.woken

    compose = Preparer(committing, links=settled.links, hash_address=settled.hash_address)
    engine = fleet(committing, settled.settings.relays, tmp_path, compose)
    assert engine.deliver([Stream.TRANSACTIONAL]).sent == 1
    [mail] = server.accepted
    assert mail.recipient == sender.email
    assert f"A test mail through {label}".encode() in mail.raw
    page = visitor.open(f"/console/relays/relay?relay={label}").text
    assert "250" in page
    assert 'http-equiv="refresh"' not in page


def test_a_held_relay_gets_no_test(
    visitor: Visitor, sender: Operator, newsletter: Newsletter, label: str, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        relays.hold(session, label, by="operator 1", now=NOW)
    answer = visitor.send("/console/relays/relay/test", relay=label, nonce="n")
    assert "Resume it first" in visitor.open(answer.location).text
    with sessions() as session:
        assert session.scalars(select(Message.state).where(Message.state == MessageState.PLANNED)).all() == []


def test_only_senders_try_relays(visitor: Visitor, sessions: Sessions, label: str) -> None:
    visitor.be(sessions, Role.EDITOR)
    assert "Check it now" not in visitor.open(f"/console/relays/relay?relay={label}").text
    for path in ("check", "test"):
        assert visitor.send(f"/console/relays/relay/{path}", relay=label).status_code == 403


def test_records_are_ready_to_copy_before_anything_is_looked_up(
    visitor: Visitor, sender: Operator, newsletter: Newsletter, settled: Runtime
) -> None:
    folder = settled.keyring.folder
    assert isinstance(folder, KeyFolder)
    folder.add(new_key(DOMAIN, "bs", bits=1024))
    folder.activate(DOMAIN, "bs")
    page = visitor.open(f"/console/settings/dns/domain?name={DOMAIN}").text
    assert f"bs._domainkey.{DOMAIN}" in page
    assert folder.load(DOMAIN, "bs").dns_value in page
    assert f"_dmarc.{DOMAIN}" in page
    assert visitor.open("/console/settings/dns/domain?name=somebody-else.example").status_code == 404


def test_a_look_at_the_dns_is_told_and_remembered(
    visitor: Visitor,
    sender: Operator,
    newsletter: Newsletter,
    monkeypatch: pytest.MonkeyPatch,
    sessions: Sessions,
) -> None:
    dns = FakeDns(texts={DOMAIN: ["v=spf1 -all", "v=spf1 <script>alert(1)</script> -all"]})
    monkeypatch.setattr(domains, "make_resolver", lambda: dns)
    page = visitor.send("/console/settings/dns/domain", name=DOMAIN).text
    assert "2 SPF records" in page
    assert "<script>alert" not in page
    listed = visitor.open("/console/settings/dns/").text
    assert "needs you" in listed
    with sessions() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "domain.checked")).one()
    assert (entry.subject, entry.after["spf"]) == (f"sending domain {DOMAIN}", "wrong")
    assert f"/console/settings/dns/domain?name={DOMAIN}" in visitor.open("/console/audit/").text


def test_without_dns_the_page_says_so_and_keeps_the_records(
    visitor: Visitor, sender: Operator, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "make_resolver", NotAsked)
    page = visitor.send("/console/settings/dns/domain", name=DOMAIN).text
    assert "Not checked: no DNS from here." in page
    assert "v=DMARC1; p=none" in page


def test_two_topics_become_one_after_the_page_has_said_what_moves(
    visitor: Visitor, sender: Operator, newsletter: Newsletter, sessions: Sessions
) -> None:
    gone, kept, _ = newsletter.topics
    with transaction(sessions) as session:
        reader = make_subscription(session, newsletter, topic_ids=[gone.id])
    path = f"/console/newsletters/{newsletter.id}/topics/{gone.id}/merge"
    page = visitor.open(f"{path}?into={kept.id}").text
    assert "1 reader" in page
    assert f"which=active&amp;newsletter={newsletter.id}&amp;topic={gone.id}" in page
    done = visitor.send(path, into=kept.id)
    listed = visitor.open(done.location)
    assert "Nobody gets anything twice" in flash(listed)
    assert "merged into Climate" in listed.text
    with sessions() as session:
        assert session.get_one(Subscription, reader.id).topic_ids == [kept.id]
    old = visitor.open(f"/n/{newsletter.slug}/t/{gone.slug}")
    assert (old.status_code, old.location.endswith(f"/t/{kept.slug}")) == (301, True)
    assert visitor.send(path, into=gone.id).status_code == 409


def test_closing_a_topic_says_who_has_nothing_left_and_they_are_listed(
    visitor: Visitor, sender: Operator, newsletter: Newsletter, sessions: Sessions
) -> None:
    topic = newsletter.topics[0]
    with transaction(sessions) as session:
        make_subscription(session, newsletter, topic_ids=[topic.id], email="ann@reader.example")
        make_subscription(session, newsletter, email="ben@reader.example")
    base = f"/console/newsletters/{newsletter.id}/topics/"
    asked = visitor.open(f"{base}{topic.id}/close").text
    assert "1 reader would get no digest at all" in asked
    visitor.send(f"{base}{topic.id}/archive")
    page = visitor.open(base).text
    assert "1 reader has" in page
    listed = visitor.open(f"/console/readers/?which=stranded&newsletter={newsletter.id}").text
    assert "ann@reader.example" in listed
    assert "ben@reader.example" not in listed
    with transaction(sessions) as session:
        topics.restore(session, session.get_one(type(topic), topic.id), actor="operator 1", now=NOW)
    assert "has</a> only closed topics" not in visitor.open(base).text


def test_the_form_begins_with_the_rhythm_and_day_that_the_newsletter_chose(
    visitor: Visitor, sender: Operator, newsletter: Newsletter, sessions: Sessions
) -> None:
    path = f"/console/newsletters/{newsletter.id}"
    fields = {
        "name": newsletter.name,
        "sender_id": newsletter.sender_id,
        "locale": "en",
        "time_zone": "UTC",
        "default_rhythm": "fortnightly",
        "default_weekday": 2,
        "default_hour": 7,
        "layout": "lead",
        "min_items": 3,
        "max_items": 10,
        "review_minutes": 0,
        "signups_per_minute": 300,
        "archive_public": "y",
    }
    assert visitor.send(path, page=path, **fields).status_code == 302
    page = visitor.open(f"/n/{newsletter.slug}").text
    assert 'value="fortnightly" checked' in page
    assert '<option value="2" selected' in page
    assert visitor.open(f"/api/n/{newsletter.slug}/form").json["rhythm"] == "fortnightly"
    assert visitor.send(path, page=path, **{**fields, "default_rhythm": "first"}).status_code == 422
