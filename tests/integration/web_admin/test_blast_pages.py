"""A blast by the console: written, looked at, tested, confirmed by number, sent once."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from service.blasts import sending
from service.blasts.models import Blast, BlastState
from service.db import Sessions, transaction
from service.delivery.models import Message, MessageState
from service.dispatch import TaskName
from service.operators.models import Role
from tests.conftest import RecordingDispatcher
from tests.factories import make_newsletter, make_subscription
from tests.integration.ops import scenes
from tests.integration.web_admin.browsing import Visitor, flash


@pytest.fixture
def draft(sessions: Sessions) -> Blast:
    """A draft with an audience of three."""
    with transaction(sessions) as session:
        return scenes.make_draft(session, readers=3, now=datetime.now(UTC))


def messages(sessions: Sessions, kind: str) -> list[Message]:
    with sessions() as session:
        return list(session.scalars(select(Message).where(Message.kind == kind)))


def state_of(sessions: Sessions, blast: Blast) -> BlastState:
    with sessions() as session:
        return session.get_one(Blast, blast.id).state


def ticket(visitor: Visitor, path: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', visitor.open(path).text)
    assert found
    return found[1]


def test_a_blast_from_the_first_word_to_the_last_reader(
    sessions: Sessions, visitor: Visitor, dispatcher: RecordingDispatcher
) -> None:
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        science, energy = newsletter.topics
        for topic_ids in ([science.id], [energy.id], [science.id, energy.id]):
            make_subscription(session, newsletter, announcements=True, topic_ids=topic_ids)
    visitor.be(sessions, Role.SENDER)
    words = {"subject": "An evening with us", "body_markdown": "**Come.** <script>x</script>"}
    made = visitor.send("/console/blasts/new", audience="topics", topic_ids=[science.id], **words)
    path = made.location
    page = visitor.open(path).text
    assert ">2</b> readers of The Courier" in page
    assert "follow Science" in page
    mail = visitor.open(f"{path}/mail")
    assert "<strong" in mail.text
    assert "<script>" not in mail.text
    assert mail.headers["Content-Security-Policy"].startswith("sandbox;")
    visitor.send(f"{path}/test", ticket=ticket(visitor, path))
    assert len(messages(sessions, "blast_test")) == 1
    assert "Send to 2 readers" in visitor.open(f"{path}/send").text
    visitor.send(f"{path}/send", confirmed_count=2)
    assert TaskName.FAN_OUT_BLASTS in dispatcher.woken
    sending.fan_out(sessions, now=datetime.now(UTC))
    assert len(messages(sessions, "blast")) == 2
    assert "<b>0</b> of 2 done" in visitor.open(path).text


def test_a_count_that_changed_is_shown_and_nothing_is_sent(
    sessions: Sessions, visitor: Visitor, draft: Blast, dispatcher: RecordingDispatcher
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}/send"
    assert "Send to 3 readers" in visitor.open(path).text
    with transaction(sessions) as session:
        make_subscription(session, session.get_one(Blast, draft.id).newsletter, announcements=True)
    answer = visitor.send(path, confirmed_count=3)
    assert answer.status_code == 409
    assert "Nothing was sent" in answer.text
    assert "Send to 4 readers" in answer.text
    assert state_of(sessions, draft) is BlastState.DRAFT
    assert dispatcher.woken == []
    assert visitor.send(path, confirmed_count=4).status_code == 302
    assert state_of(sessions, draft) is BlastState.SENDING


def test_a_double_click_sends_once(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    for _ in range(2):
        assert visitor.send(f"{path}/send", confirmed_count=3).location == path
        sending.fan_out(sessions, now=datetime.now(UTC))
    assert len(messages(sessions, "blast")) == 3
    assert visitor.open(f"{path}/send").location == path


def test_a_test_sent_twice_by_one_form_is_one_mail(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    operator = visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}"
    once = ticket(visitor, path)
    for _ in range(2):
        visitor.send(f"{path}/test", ticket=once)
    (message,) = messages(sessions, "blast_test")
    assert (message.operator_id, message.subscriber_id) == (operator.id, None)
    assert operator.email in flash(visitor.open(path))


def test_pause_resume_and_cancel_by_the_page(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    now = datetime.now(UTC)
    mailing = scenes.start(sessions, draft, now=now)
    with transaction(sessions) as session:
        scenes.deliver(session, mailing, at_most=1, now=now)
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    visitor.send(f"{path}/pause")
    assert state_of(sessions, draft) is BlastState.PAUSED
    assert f'action="{path}/resume"' in visitor.open(path).text
    visitor.send(f"{path}/resume")
    assert state_of(sessions, draft) is BlastState.SENDING
    asked = visitor.open(f"{path}/cancel").text
    assert "<b>1</b> reader has it" in asked
    assert "<b>2</b>" in asked
    visitor.send(f"{path}/cancel")
    assert state_of(sessions, draft) is BlastState.CANCELLED
    with sessions() as session:
        assert scenes.states_of(session, mailing) == {MessageState.SENT, MessageState.CANCELLED}
    assert "It adds up" in visitor.open(path).text


def test_an_editor_writes_and_tests_and_does_not_send(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}"
    page = visitor.open(path).text
    assert "needs the role of a sender" in page
    assert f"{path}/send" not in page
    assert visitor.open(f"{path}/send").status_code == 403
    for move in ("send", "pause", "resume", "cancel"):
        assert visitor.send(f"{path}/{move}", confirmed_count=3).status_code == 403
    fields = {"subject": "Another", "body_markdown": "Word", "audience": "everybody"}
    assert visitor.send(f"{path}/edit", **fields).status_code == 302
    assert "Another" in visitor.open(path).text


def test_a_viewer_looks_only(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    visitor.be(sessions, Role.VIEWER)
    assert visitor.open(f"/console/blasts/{draft.id}").status_code == 200
    assert visitor.open("/console/blasts/new").status_code == 403
    assert visitor.send(f"/console/blasts/{draft.id}/delete").status_code == 403


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/edit"
    answer = visitor.send(path, subject="x" * 200, body_markdown="kept words", audience="everybody")
    assert answer.status_code == 422
    assert "150 is the most" in answer.text
    assert "kept words" in answer.text
    answer = visitor.send(path, subject="Short", body_markdown="kept words", audience="topics")
    assert answer.status_code == 422
    assert "Choose at least one topic" in answer.text
    assert (
        visitor.send(path, subject="S", body_markdown="b", audience="topics", topic_ids=[999_999]).status_code
        == 422
    )


def test_a_draft_that_lacks_something_says_so_and_cannot_be_sent(
    sessions: Sessions, visitor: Visitor
) -> None:
    with transaction(sessions) as session:
        blast = scenes.make_draft(session, readers=1, now=datetime.now(UTC))
        blast.newsletter.sender.postal_address = ""
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{blast.id}"
    assert "postal address" in visitor.open(path).text
    assert f'href="{path}/send"' not in visitor.open(path).text
    assert visitor.send(f"{path}/send", confirmed_count=1).status_code == 409
    assert visitor.send(f"{path}/test", ticket="x").status_code == 409
    assert state_of(sessions, blast) is BlastState.DRAFT


def test_what_was_sent_can_not_be_changed_or_deleted(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    scenes.start(sessions, draft, now=datetime.now(UTC))
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    fields = {"subject": "Other", "body_markdown": "Word", "audience": "everybody"}
    assert visitor.send(f"{path}/edit", **fields).status_code == 409
    assert visitor.send(f"{path}/delete").status_code == 409


def test_with_several_newsletters_one_is_chosen_first(sessions: Sessions, visitor: Visitor) -> None:
    with transaction(sessions) as session:
        one, two = make_newsletter(session, name="The Courier"), make_newsletter(session, name="Tidewater")
    visitor.be(sessions, Role.EDITOR)
    page = visitor.open("/console/blasts/new").text
    assert f"newsletter={one.id}" in page
    assert f"newsletter={two.id}" in page
    fields = {"subject": "S", "body_markdown": "b", "audience": "everybody"}
    made = visitor.send(f"/console/blasts/new?newsletter={two.id}", **fields)
    assert "Tidewater" in visitor.open(made.location).text
