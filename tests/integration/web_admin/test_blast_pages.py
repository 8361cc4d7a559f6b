"""A blast by the console: written, looked at, tested, confirmed by number, sent once."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.blasts import sending
from service.blasts.models import Blast, BlastState
from service.db import Sessions, transaction
from service.delivery.models import Message, MessageState
from service.operators.models import Role
from tests.factories import LINKS, make_newsletter, make_subscription
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


def seen_on(visitor: Visitor, path: str) -> str:
    """Return what the page says that it shows."""
    found = re.search(r'name="seen" value="([^"]+)"', visitor.open(path).text)
    assert found
    return found[1]


def confirm(visitor: Visitor, path: str, *, count: int, **fields: object) -> TestResponse:
    seen = seen_on(visitor, f"{path}/send")
    return visitor.send(f"{path}/send", **{"confirmed_count": count, "seen": seen, **fields})


def let_it_go(sessions: Sessions, *, seconds: int = 61) -> int:
    """Do what workers do when the minute is over."""
    later = datetime.now(UTC) + timedelta(seconds=seconds)
    sending.start_due(sessions, links=LINKS, now=later)
    return sending.fan_out(sessions, now=later)


def test_a_blast_from_the_first_word_to_the_last_reader(sessions: Sessions, visitor: Visitor) -> None:
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        science, energy = newsletter.topics
        for topic_ids in ([science.id], [energy.id], [science.id, energy.id]):
            make_subscription(session, newsletter, announcements=True, topic_ids=topic_ids)
    visitor.be(sessions, Role.SENDER)
    made = visitor.send("/console/blasts/new", topics_any=[science.id])
    path = made.location.removesuffix("/edit")
    visitor.send(f"{path}/edit", subject="An evening with us", body_markdown="**Come.** <script>x</script>")
    page = visitor.open(path).text
    assert ">2</b> readers of The Courier" in page
    assert "follow Science" in page
    mail = visitor.open(f"{path}/mail")
    assert "<strong" in mail.text
    assert "<script>" not in mail.text
    assert mail.headers["Content-Security-Policy"].startswith("sandbox;")
    visitor.send(f"{path}/test", ticket=ticket(visitor, path))
    assert len(messages(sessions, "blast_test")) == 1
    assert visitor.send(f"{path}/plan", when="now").location == f"{path}/send"
    assert "Send to 2 readers" in visitor.open(f"{path}/send").text
    confirm(visitor, path, count=2)
    page = visitor.open(path).text
    assert "Goes in" in page
    assert "Take it back" in page
    assert messages(sessions, "blast") == []
    assert let_it_go(sessions) == 2
    assert len(messages(sessions, "blast")) == 2
    assert "<b>0</b> of 2 done" in visitor.open(path).text


def test_a_count_that_changed_is_shown_and_nothing_is_sent(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    assert "Send to 3 readers" in visitor.open(f"{path}/send").text
    with transaction(sessions) as session:
        make_subscription(session, session.get_one(Blast, draft.id).newsletter, announcements=True)
    answer = confirm(visitor, path, count=3)
    assert answer.status_code == 409
    assert "Nothing was sent" in answer.text
    assert "Send to 4 readers" in answer.text
    assert state_of(sessions, draft) is BlastState.DRAFT
    assert confirm(visitor, path, count=4).status_code == 302
    assert state_of(sessions, draft) is BlastState.SCHEDULED


def test_a_double_click_sends_once(sessions: Sessions, visitor: Visitor, draft: Blast) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    form = {"confirmed_count": 3, "seen": seen_on(visitor, f"{path}/send")}
    for _ in range(2):
        assert visitor.send(f"{path}/send", **form).location == path
    let_it_go(sessions)
    assert visitor.send(f"{path}/send", **form).location == path
    let_it_go(sessions)
    assert len(messages(sessions, "blast")) == 3
    assert visitor.open(f"{path}/send").location == path


def test_taken_back_it_is_a_draft_and_goes_to_nobody(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    confirm(visitor, path, count=3)
    assert visitor.send(f"{path}/edit", subject="Other", body_markdown="Word").status_code == 409
    visitor.be(sessions, Role.EDITOR)
    visitor.send(f"{path}/undo")
    assert state_of(sessions, draft) is BlastState.DRAFT
    assert let_it_go(sessions) == 0
    assert "Nobody has got it" in visitor.open(path).text


def test_a_text_that_a_colleague_changed_meanwhile_is_not_sent(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    seen = seen_on(visitor, f"{path}/send")
    visitor.send(f"{path}/edit", subject="Other", body_markdown="Word")
    answer = visitor.send(f"{path}/send", confirmed_count=3, seen=seen)
    assert answer.status_code == 409
    assert "Somebody has changed this blast" in answer.text
    assert state_of(sessions, draft) is BlastState.DRAFT


def test_above_a_number_it_is_typed_and_above_another_one_a_second_sender_approves(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.ADMIN)
    limits = {
        "cap_hours": 0,
        "undo_seconds": 60,
        "error_percent": 5,
        "bounce_percent": 3,
        "complaint_percent": 0.1,
    }
    assert visitor.send("/console/blasts/rules", typed_above=2, second_person_above=2, **limits).location
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    assert "Type the number" in visitor.open(f"{path}/send").text
    assert confirm(visitor, path, count=3).status_code == 409
    assert confirm(visitor, path, count=3, typed_count="3").status_code == 302
    assert state_of(sessions, draft) is BlastState.AWAITING
    own = visitor.open(path).text
    assert "another sender has to approve it" in own
    assert 'id="approve"' not in own
    visitor.be(sessions, Role.SENDER)
    assert visitor.send(f"{path}/approve", seen=seen_on(visitor, path)).status_code == 302
    assert state_of(sessions, draft) is BlastState.SCHEDULED


def test_a_plan_is_kept_shown_and_refused_where_it_cannot_be(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    day = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    fields = {"clock": f"{day}T08:30", "zone": "Europe/Berlin", "has_latest": "y", "latest_hours": 4}
    assert visitor.send(f"{path}/plan", when="at", **fields).location == f"{path}/send"
    page = visitor.open(f"{path}/send").text
    assert "08:30, Europe/Berlin" in page
    assert "dropped 4 hours after that" in page
    for wrong, sentence in (
        ({"when": "at", "zone": "Europe/Berlin"}, "Choose the day"),
        ({"when": "at", **fields, "zone": "Nowhere"}, "time zone from the list"),
        ({"when": "local", **fields, "has_first": "y", "first_percent": 5, "hold_minutes": 10}, "one time"),
        ({"when": "now", "subject_b": "Another"}, "switch that on"),
    ):
        answer = visitor.send(f"{path}/plan", **wrong)
        assert answer.status_code == 422
        assert sentence in answer.text


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
    assert f'action="{path}/resume"' in visitor.open(f"{path}/resume").text
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
    fields = {"subject": "Another", "body_markdown": "Word"}
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
    answer = visitor.send(path, subject="x" * 200, body_markdown="kept words")
    assert answer.status_code == 422
    assert "150 is the most" in answer.text
    assert "kept words" in answer.text


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
    assert visitor.send(f"{path}/send", confirmed_count=1, seen="x").status_code == 409
    assert visitor.send(f"{path}/test", ticket="x").status_code == 409
    assert state_of(sessions, blast) is BlastState.DRAFT


def test_what_was_sent_can_not_be_changed_or_deleted(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    scenes.start(sessions, draft, now=datetime.now(UTC))
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    fields = {"subject": "Other", "body_markdown": "Word"}
    assert visitor.send(f"{path}/edit", **fields).status_code == 409
    assert visitor.send(f"{path}/delete").status_code == 409


def test_with_several_newsletters_one_is_chosen_first(sessions: Sessions, visitor: Visitor) -> None:
    with transaction(sessions) as session:
        one, two = make_newsletter(session, name="The Courier"), make_newsletter(session, name="Tidewater")
    visitor.be(sessions, Role.EDITOR)
    page = visitor.open("/console/blasts/new").text
    assert f"newsletter={one.id}" in page
    assert f"newsletter={two.id}" in page
    made = visitor.send(f"/console/blasts/new?newsletter={two.id}")
    assert "Tidewater" in visitor.open(made.location).text
