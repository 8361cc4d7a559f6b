"""The queue monitor's pages: numbers that open their rows, limits, and decisions about many messages."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from service.audit import AuditEntry
from service.db import Sessions, transaction
from service.delivery import operator_limits, traffic
from service.delivery.models import Mailing, MailingState, Message
from service.operators.models import Role
from service.ops import heartbeats
from tests.conftest import RecordingDispatcher
from tests.integration.ops.scenes import EVERYTHING, State, make_mailing, messages_of
from tests.integration.web_admin.browsing import Visitor, flash

HOSTILE = '<script>alert(1)</script>" onload=x {{ 7*7 }} \u202egnp.exe'

INSERT_ATTEMPT = (
    "INSERT INTO attempts (mailing_id, message_id, number, at, relay, phase, outcome, code, reply)"
)


@pytest.fixture
def mailing(sessions: Sessions) -> Mailing:
    with transaction(sessions) as session:
        return make_mailing(session, EVERYTHING, now=datetime.now(UTC))


def fail(
    sessions: Sessions, mailing: Mailing, *, code: int, reply: str, domain: str = "example.org"
) -> Message:
    """Let one message of a mailing have failed, with its try and the sender's count."""
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        message = messages_of(session, mailing, State.FAILED)[0]
        session.execute(
            text("UPDATE messages SET attempts = 1 WHERE mailing_id = :mailing_id AND id = :id; "),
            {"mailing_id": mailing.id, "id": message.id},
        )
        session.execute(
            text(
                "UPDATE subscribers SET email = 'reader@' || :domain, email_key = 'reader@' || :domain "
                "WHERE id = :id"
            ),
            {"id": message.subscriber_id, "domain": domain},
        )
        session.execute(
            text(
                f"{INSERT_ATTEMPT} "
                "VALUES (:mailing_id, :id, 1, :at, 'relay.example:25', 'data', 'failed', :code, :reply)"
            ),
            {"mailing_id": mailing.id, "id": message.id, "at": now, "code": code, "reply": reply},
        )
        key = (int(now.timestamp()) // 10 * 10, "digest", "failed", "relay.example:25", domain, code)
        traffic.write_fates(session, Counter({key: 1}))
    return message


def states(sessions: Sessions, mailing: Mailing) -> Counter[State]:
    with sessions() as session:
        return Counter(message.state for message in messages_of(session, mailing))


def actions(sessions: Sessions) -> list[tuple[str, str]]:
    with sessions() as session:
        return [
            (row.action, row.subject) for row in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]


def test_a_relays_reply_is_text_wherever_it_is_shown_and_its_numbers_lead_to_it(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    message = fail(sessions, mailing, code=554, reply=HOSTILE)
    visitor.be(sessions, Role.VIEWER)
    queue = visitor.open("/console/queue/").text
    assert "code=554&amp;domain=example.org&amp;period=day" in queue
    story = f"/console/queue/messages/{mailing.id}/{message.id}"
    for path in ("/console/queue/errors?code=554&domain=example.org&period=day", story):
        page = visitor.open(path).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34; onload=x {{ 7*7 }}" in page, path
        assert "<script>alert" not in page
        assert "<bdi" in page
    assert story in visitor.open("/console/queue/errors").text
    for other in ("code=550", "domain=other.example", "relay=other:25", "fate=deferred", "mailing=999"):
        assert story not in visitor.open(f"/console/queue/errors?{other}").text, other


def test_errors_are_paged_and_a_broken_page_mark_begins_anew(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    message = fail(sessions, mailing, code=554, reply="no")
    with transaction(sessions) as session:
        session.execute(
            text(
                f"{INSERT_ATTEMPT} SELECT :mailing_id, :id, n, now() - n * interval '1 minute', 'r:25', "
                "'dot', 'deferred', 451, 'try ' || n FROM generate_series(2, 60) AS n"
            ),
            {"mailing_id": mailing.id, "id": message.id},
        )
    visitor.be(sessions, Role.VIEWER)
    first = visitor.open("/console/queue/errors")
    assert first.text.count('class="said"') == 50
    following = first.text.partition('">Older errors')[0].rpartition('href="')[2].replace("&amp;", "&")
    second = visitor.open(following).text
    assert second.count('class="said"') == 10
    assert "try 60" in second
    for mark in ("nonsense", "2026-11-24_1-2-3", "2026-11-24T00:00:00+00:00_1-2-x", "_"):
        assert visitor.open(f"/console/queue/errors?before={mark}").status_code == 200
    assert visitor.open("/console/queue/errors?period=never").status_code == 404


def test_a_pace_is_set_and_lifted_for_everything_a_mailing_and_a_domain(
    sessions: Sessions, visitor: Visitor, mailing: Mailing, dispatcher: RecordingDispatcher
) -> None:
    visitor.be(sessions, Role.SENDER)
    for name in ("all", f"mailing:{mailing.id}", "domain:gmail.com"):
        assert "How fast may" in visitor.open(f"/console/queue/limit?name={name}").text
        assert visitor.send("/console/queue/limit", name=name, rate="2,5", order="set").status_code == 302
        visitor.send("/console/queue/limit", name=name, rate="2.5", order="set")
    assert "at most 2.5 a second" in visitor.open("/console/queue/").text
    assert "At most 2.5 a second" in visitor.open(f"/console/queue/{mailing.id}").text
    visitor.send("/console/queue/limit", name="domain:gmail.com", order="hold")
    assert "held" in visitor.open("/console/relays/").text
    with sessions() as session:
        assert operator_limits.rates(session) == {
            "all": 2.5,
            f"mailing:{mailing.id}": 2.5,
            "domain:gmail.com": 0.0,
        }
    for name in ("all", f"mailing:{mailing.id}", "domain:gmail.com"):
        visitor.send("/console/queue/limit", name=name, order="lift")
    with sessions() as session:
        assert operator_limits.rates(session) == {}
    found = actions(sessions)
    assert [action for action, _ in found] == ["limit.set"] * 3 + ["limit.held"] + ["limit.lifted"] * 3
    assert dispatcher.woken


def test_a_pace_that_is_no_number_is_refused_beside_the_field_and_kept(
    sessions: Sessions, visitor: Visitor
) -> None:
    visitor.be(sessions, Role.SENDER)
    for typed in ("fast", "0", "-1", "nan", "inf", "1e9", ""):
        answer = visitor.send("/console/queue/limit", name="all", rate=typed, order="set")
        assert answer.status_code == 422, typed
        assert f'value="{typed}"' in answer.text
        assert "rate-error" in answer.text
    for name in ("", "mailing:999", "mailing:x", "relay:evil.example:25", "domain:", "domain:<b>", "else"):
        assert visitor.send("/console/queue/limit", name=name, rate="1").status_code == 404, name
    assert visitor.send("/console/queue/limit", name="all", order="hold").status_code == 404
    visitor.be(sessions, Role.EDITOR)
    assert visitor.send("/console/queue/limit", name="all", rate="1").status_code == 403
    with sessions() as session:
        assert operator_limits.rates(session) == {}


def test_failed_messages_are_tried_again_by_code_once_and_the_mailing_goes_on(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    fail(sessions, mailing, code=554, reply="policy")
    with transaction(sessions) as session:
        session.get_one(Mailing, mailing.id).state = MailingState.FINISHED
    visitor.be(sessions, Role.SENDER)
    path = f"/console/queue/{mailing.id}/retry"
    assert "<b>2</b> messages are tried once more" in visitor.open(path).text
    assert "<b>1</b> message is tried once more" in visitor.open(f"{path}?code=554").text
    assert states(sessions, mailing)[State.FAILED] == 2
    assert "1 planned once more" in flash(visitor.open(visitor.send(path, code=554).location))
    assert "nobody left" in flash(visitor.open(visitor.send(path, code=554).location))
    assert states(sessions, mailing)[State.FAILED] == 1
    assert "It adds up" in visitor.open(f"/console/queue/{mailing.id}").text
    with sessions() as session:
        assert session.get_one(Mailing, mailing.id).state is MailingState.SENDING
    assert actions(sessions) == [("mailing.failed_retried", f"mailing {mailing.id}")]


def test_whose_articles_come_with_the_next_digest_is_not_tried_again(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    with transaction(sessions) as session:
        session.execute(text("UPDATE messages SET returned_at = now() WHERE state = 'failed'"))
    visitor.be(sessions, Role.SENDER)
    assert "Nobody of these can be tried again" in visitor.open(f"/console/queue/{mailing.id}/retry").text
    visitor.send(f"/console/queue/{mailing.id}/retry")
    assert states(sessions, mailing)[State.FAILED] == 2


def test_all_unknown_messages_are_sent_again_or_left_and_a_stopped_mailing_sends_none(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/queue/{mailing.id}/unknown"
    assert "3 messages may or may not have arrived" in visitor.open(path).text
    visitor.send(f"{path}/leave")
    visitor.send(f"{path}/leave")
    visitor.send(f"{path}/send-again")
    assert states(sessions, mailing)[State.UNKNOWN] == 3
    assert "All of them were decided" in visitor.open(path).text
    with transaction(sessions) as session:
        session.execute(text("UPDATE messages SET reason = 'no_reply' WHERE state = 'unknown'"))
    visitor.send(f"/console/queue/{mailing.id}/stop")
    assert visitor.send(f"{path}/send-again").status_code == 409
    with transaction(sessions) as session:
        session.get_one(Mailing, mailing.id).state = MailingState.SENDING
    visitor.send(f"{path}/send-again")
    assert states(sessions, mailing)[State.UNKNOWN] == 0
    assert [action for action, _ in actions(sessions)] == [
        "mailing.unknown_left",
        "mailing.stopped",
        "mailing.unknown_sent_again",
    ]


def test_what_should_have_run_and_did_not_is_said_in_the_banner(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    visitor.be(sessions, Role.VIEWER)
    assert "Should have run and did not" not in visitor.open("/console/queue/").text
    late = datetime.now(UTC) - timedelta(minutes=30)
    with transaction(sessions) as session:
        session.execute(text("UPDATE messages SET due_at = :late WHERE state = 'planned'"), {"late": late})
        session.execute(
            text("UPDATE subscriptions SET next_due_at = :late, state = 'active'"), {"late": late}
        )
        session.execute(
            text("UPDATE messages SET lease_until = :late WHERE owner IS NOT NULL"), {"late": late}
        )
    page = visitor.open("/console/queue/").text
    for said in ("Mail is due and none is sent", "Digests should have been planned", "A worker died"):
        assert said in page, said


def test_a_queue_that_rests_says_whether_a_sender_is_ready(visitor: Visitor, sessions: Sessions) -> None:
    now = datetime.now(UTC)
    visitor.be(sessions, Role.VIEWER)
    cell = re.compile(r'data-label="Senders"><div>(?:<span class="[^"]+">)?(\w+)')
    assert cell.findall(visitor.open("/console/queue/").text) == ["none"] * 3
    with transaction(sessions) as session:
        heartbeats.beat(session, name="worker@harbour", kind="worker", started_at=now, now=now)
    assert cell.findall(visitor.open("/console/queue/").text) == ["ready"] * 3
    with transaction(sessions) as session:
        make_mailing(session, EVERYTHING, now=now)
    assert cell.findall(visitor.open("/console/queue/").text) == ["ready", "1", "ready"]
