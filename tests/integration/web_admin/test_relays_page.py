"""The relays page: what rests, what is held or slowed and why, and the buttons."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select

from service.app import create_app
from service.audit import AuditEntry
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import breakers, relays
from service.delivery.breakers import OutcomeCounts
from service.delivery.models import Mailing, MailingState
from service.delivery.replies import Phase, classify, make_reply
from service.delivery.throttle import Throttle
from service.dispatch import TaskName
from service.operators.models import Role
from tests.conftest import RecordingDispatcher
from tests.integration.ops.scenes import EVERYTHING, make_mailing
from tests.integration.web_admin.browsing import Visitor, flash

MAIN, SPARE = "main.example:25", "spare.example:587"
URLS = "smtp://main.example?weight=3&rate=50 smtp+starttls://me:hush@spare.example?weight=0&name=backup"


@pytest.fixture
def throttle(redis_url: str) -> Iterator[Throttle]:
    made = Throttle(
        redis_url,
        relay_rates={MAIN: 50},
        domain_rates={"yahoo.com": 10},
        prefix=f"test:{uuid4().hex}:",
    )
    yield made
    made.close()


@pytest.fixture
def client(runtime: Runtime, throttle: Throttle) -> FlaskClient:
    settings = runtime.settings.model_copy(update={"smtp_url": SecretStr(URLS)})
    app = create_app(runtime.with_(settings=settings, throttle=throttle))
    app.testing = True
    return app.test_client()


def now() -> datetime:
    return datetime.now(UTC)


def close(sessions: Sessions, label: str = MAIN) -> None:
    with transaction(sessions) as session:
        relays.close(
            session,
            label,
            problem="The relay refuses us (554).",
            now=now(),
            dice=0.5,
            rest=timedelta(minutes=5),
        )


def test_relays_are_listed_with_their_share_their_pace_and_no_password(
    sessions: Sessions, visitor: Visitor
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/relays/").text
    for words in ("main.example:25", "backup", SPARE, "100 %", "stand-in", "50 a second"):
        assert words in page, words
    assert "10 a second" in page
    assert "hush" not in page


def test_a_resting_relay_says_why_and_can_be_resumed(
    sessions: Sessions, visitor: Visitor, dispatcher: RecordingDispatcher
) -> None:
    close(sessions)
    visitor.be(sessions, Role.SENDER)
    page = visitor.open("/console/relays/").text
    assert "resting" in page
    assert "The relay refuses us (554)." in page
    assert "No relay takes mail right now" not in page
    assert "does not take our mail" in visitor.open("/console/").text
    visitor.send("/console/relays/resume", relay=MAIN)
    page = visitor.open("/console/relays/")
    assert "is used again" in flash(page)
    assert "resting" not in page.text
    assert TaskName.DELIVER_BULK in dispatcher.woken


def test_a_relay_is_held_by_name_until_somebody_resumes_it(sessions: Sessions, visitor: Visitor) -> None:
    operator = visitor.be(sessions, Role.SENDER)
    for label in (MAIN, SPARE):
        visitor.send("/console/relays/hold", relay=label)
    page = visitor.open("/console/relays/").text
    assert "by Sender" in page
    assert "No relay takes mail right now" in page
    with sessions() as session:
        entries = session.execute(
            select(AuditEntry.actor, AuditEntry.subject).where(AuditEntry.action == "relay.held")
        ).all()
    assert entries == [(f"operator {operator.id}", f"relay {label}") for label in (MAIN, SPARE)]


def test_a_slowed_way_is_shown_with_what_the_other_side_said(
    sessions: Sessions, visitor: Visitor, throttle: Throttle
) -> None:
    reply = make_reply(451, ["4.7.1 <b>too</b> fast"])
    throttle.heard(MAIN, "gmail.com", phase=Phase.RCPT, verdict=classify(Phase.RCPT, reply), reply=reply)
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/relays/").text
    assert "slowed to 6 a minute" in page
    assert "“451 4.7.1 &lt;b&gt;too&lt;/b&gt; fast”" in page
    assert "gmail.com, since" in visitor.open("/console/").text


def test_a_way_that_must_be_silent_says_until_when(
    sessions: Sessions, visitor: Visitor, throttle: Throttle
) -> None:
    reply = make_reply(421, ["4.7.28 quota"])
    throttle.heard(MAIN, "gmail.com", phase=Phase.DOT, verdict=classify(Phase.DOT, reply), reply=reply)
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/relays/").text
    assert "silent, goes on" in page
    assert "in 9 minutes" in page or "in 10 minutes" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_may_not_send_sees_no_button_and_is_refused(
    sessions: Sessions, visitor: Visitor, role: Role
) -> None:
    close(sessions)
    visitor.be(sessions, role)
    assert "/console/relays/resume" not in visitor.open("/console/relays/").text
    for move in ("hold", "resume"):
        assert visitor.send(f"/console/relays/{move}", relay=MAIN).status_code == 403
    with sessions() as session:
        assert not relays.is_open(session, MAIN, now=now())


def test_only_relays_of_the_settings_can_be_held(sessions: Sessions, visitor: Visitor) -> None:
    visitor.be(sessions, Role.SENDER)
    assert visitor.send("/console/relays/hold", relay="evil.example:25").status_code == 404
    assert visitor.send("/console/relays/hold").status_code == 404


def test_a_mailing_that_its_breaker_paused_says_why_and_is_resumed(
    sessions: Sessions, visitor: Visitor
) -> None:
    with transaction(sessions) as session:
        mailing = make_mailing(session, EVERYTHING, now=now())
        breakers.note(session, {mailing.id: OutcomeCounts(120, 30)}, now=now())
    visitor.be(sessions, Role.SENDER)
    reason = "30 of its latest 120 outcomes were errors (25 %)."
    for path in ("/console/", "/console/queue/", f"/console/queue/{mailing.id}"):
        page = visitor.open(path).text
        assert reason in page, path
        assert "Broadsheet" in page
    visitor.send(f"/console/queue/{mailing.id}/resume")
    assert reason not in visitor.open(f"/console/queue/{mailing.id}").text
    with sessions() as session:
        assert session.get_one(Mailing, mailing.id).state is MailingState.SENDING


def test_a_mailing_that_a_person_paused_names_them(sessions: Sessions, visitor: Visitor) -> None:
    with transaction(sessions) as session:
        mailing = make_mailing(session, EVERYTHING, now=now())
    visitor.be(sessions, Role.SENDER)
    visitor.send(f"/console/queue/{mailing.id}/pause")
    assert "Paused by Sender" in visitor.open(f"/console/queue/{mailing.id}").text


def test_without_redis_the_page_says_what_it_knows(sessions: Sessions, runtime: Runtime) -> None:
    settings = runtime.settings.model_copy(update={"smtp_url": SecretStr(URLS)})
    app = create_app(runtime.with_(settings=settings))
    app.testing = True
    visitor = Visitor(app.test_client())
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/relays/")
    assert page.status_code == 200
    assert MAIN in page.text
