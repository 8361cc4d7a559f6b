"""The queue's buttons: what they do, and who may press them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from service.audit import AuditEntry
from service.db import Sessions, transaction
from service.delivery.models import Mailing, MailingState
from service.dispatch import TaskName
from service.operators.models import Role
from service.subscribers.models import Subscriber
from tests.conftest import RecordingDispatcher
from tests.integration.ops.scenes import EVERYTHING, State, make_mailing, messages_of
from tests.integration.web_admin.browsing import Visitor, flash


@pytest.fixture
def mailing(sessions: Sessions) -> Mailing:
    with transaction(sessions) as session:
        return make_mailing(session, EVERYTHING, now=datetime.now(UTC))


def state_of(sessions: Sessions, mailing: Mailing) -> MailingState:
    with sessions() as session:
        return session.get_one(Mailing, mailing.id).state


def test_pause_and_resume_from_the_page(
    sessions: Sessions, visitor: Visitor, mailing: Mailing, dispatcher: RecordingDispatcher
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/queue/{mailing.id}"
    assert visitor.send(f"{path}/pause").location == path
    assert state_of(sessions, mailing) is MailingState.PAUSED
    page = visitor.open(path)
    assert "Paused." in flash(page)
    asked = visitor.open(f"{path}/resume").text
    assert "<b>8</b> readers who wait are next" in asked
    assert f'action="{path}/resume"' in asked
    assert dispatcher.woken == []
    assert state_of(sessions, mailing) is MailingState.PAUSED
    visitor.send(f"{path}/resume")
    assert state_of(sessions, mailing) is MailingState.SENDING
    assert TaskName.DELIVER_BULK in dispatcher.woken


def test_stopping_asks_first_and_says_whom_it_reaches(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/queue/{mailing.id}"
    asked = visitor.open(f"{path}/stop")
    assert "<b>8</b> readers who wait will not get it" in asked.text
    assert "<b>9</b> have it already" in asked.text
    assert state_of(sessions, mailing) is MailingState.SENDING
    visitor.send(f"{path}/stop")
    assert state_of(sessions, mailing) is MailingState.STOPPED
    page = visitor.open(path).text
    assert "the mailing was stopped" in page
    assert "It adds up" in page
    assert "/pause" not in page


def test_the_red_button_lists_what_it_reaches_and_holds_it_until_it_is_released(
    sessions: Sessions, visitor: Visitor, mailing: Mailing, dispatcher: RecordingDispatcher
) -> None:
    visitor.be(sessions, Role.SENDER)
    assert mailing.title in visitor.open("/console/queue/pause-all").text
    visitor.send("/console/queue/pause-all")
    page = visitor.open("/console/queue/")
    assert "Everything is held" in flash(page)
    assert "The red button holds it" in page.text
    for path in ("/console/", "/console/account/", "/console/blasts/", "/console/queue/999999"):
        strip = visitor.open(path).text
        assert "All digests and blasts are held" in strip, path
        assert "Sender pressed the red button" in strip, path
        assert 'action="/console/queue/release-all"' in strip, path
    visitor.send("/console/queue/release-all")
    assert TaskName.DELIVER_BULK in dispatcher.woken
    assert "All digests and blasts are held" not in visitor.open("/console/").text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_may_not_send_sees_no_button_and_is_refused(
    sessions: Sessions, visitor: Visitor, mailing: Mailing, role: Role
) -> None:
    visitor.be(sessions, role)
    path = f"/console/queue/{mailing.id}"
    page = visitor.open(path).text
    assert f'action="{path}' not in page
    assert "/stop" not in page
    assert visitor.open(f"{path}/stop").status_code == 403
    for move in ("pause", "resume", "stop"):
        assert visitor.send(f"{path}/{move}").status_code == 403
    assert visitor.send("/console/queue/pause-all").status_code == 403
    assert visitor.send("/console/queue/release-all").status_code == 403
    assert state_of(sessions, mailing) is MailingState.SENDING


def test_an_unknown_message_waits_for_a_decision(
    sessions: Sessions, visitor: Visitor, mailing: Mailing, dispatcher: RecordingDispatcher
) -> None:
    visitor.be(sessions, Role.SENDER)
    with sessions() as session:
        again, left, _ = (message.id for message in messages_of(session, mailing, State.UNKNOWN))
    path = f"/console/queue/messages/{mailing.id}"
    assert "Nobody can say whether this mail arrived" in visitor.open(f"{path}/{again}").text
    visitor.send(f"{path}/{again}/send-again")
    assert TaskName.DELIVER_BULK in dispatcher.woken
    visitor.send(f"{path}/{left}/leave")
    with sessions() as session:
        assert {message.id for message in messages_of(session, mailing, State.UNKNOWN)} >= {left}
        assert again in {message.id for message in messages_of(session, mailing, State.PLANNED)}
    assert "Nobody can say" not in visitor.open(f"{path}/{left}").text
    assert visitor.send(f"{path}/{again}/send-again").status_code == 409


def test_an_address_is_masked_until_a_sender_asks_and_then_it_is_on_record(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    with sessions() as session:
        message = messages_of(session, mailing, State.SENT)[0]
        address = session.get_one(Subscriber, message.subscriber_id).email
    path = f"/console/queue/messages/{mailing.id}/{message.id}"
    visitor.be(sessions, Role.EDITOR)
    assert address not in visitor.open(path).text
    assert visitor.send(f"{path}/address").status_code == 403
    operator = visitor.be(sessions, Role.SENDER)
    assert address not in visitor.open(path).text
    assert address in visitor.send(f"{path}/address").text
    with sessions() as session:
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "message.address_shown")
        ).all()
        assert (entry.actor, entry.subject) == (
            f"operator {operator.id}",
            f"message {mailing.id}/{message.id}",
        )


def test_a_message_without_a_newer_page_can_be_left_the_way_one_came(
    sessions: Sessions, visitor: Visitor, mailing: Mailing
) -> None:
    """The form may name the page to go back to, and only one of ours."""
    visitor.be(sessions, Role.SENDER)
    path = f"/console/queue/{mailing.id}"
    assert visitor.send(f"{path}/pause", next="/console/queue/").location == "/console/queue/"
    assert visitor.send(f"{path}/resume", next="https://evil.example/").location == path
