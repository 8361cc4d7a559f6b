"""What operators do to mailings holds, reaches blasts as blasts, and is written down."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts.models import Blast, BlastState
from service.db import Sessions, transaction
from service.delivery import accounting
from service.delivery import queries as delivery
from service.delivery.models import MailingState, Stream
from service.errors import Conflict, NotFound
from service.ops import control, queue
from tests.integration.ops import scenes
from tests.integration.ops.scenes import EVERYTHING, State, make_mailing, messages_of

ACTOR = "operator 7"


def actions(session: Session) -> list[tuple[str, str, str]]:
    rows = session.scalars(select(AuditEntry).where(AuditEntry.actor == ACTOR).order_by(AuditEntry.id))
    return [(row.actor, row.action, row.subject) for row in rows]


def test_pause_resume_and_stop_are_each_written_down_once(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, EVERYTHING, now=now)
    control.pause(session, mailing.id, actor=ACTOR, now=now)
    control.pause(session, mailing.id, actor=ACTOR, now=now)
    assert queue.get(session, mailing.id).state is MailingState.PAUSED
    control.resume(session, mailing.id, actor=ACTOR, now=now)
    control.stop(session, mailing.id, actor=ACTOR, now=now)
    line = queue.get(session, mailing.id)
    assert line.state is MailingState.STOPPED
    assert line.account.adds_up
    # What workers hold is theirs until they look again; all else is cancelled.
    assert line.account.skipped["stopped"] == 6
    assert [action for _, action, _ in actions(session)] == [
        "mailing.paused",
        "mailing.resumed",
        "mailing.stopped",
    ]


def test_a_blast_is_paused_and_stopped_as_a_blast(sessions: Sessions, now: datetime) -> None:
    with transaction(sessions) as session:
        blast = scenes.make_draft(session, readers=3, now=now)
    mailing = scenes.start(sessions, blast, now=now)
    with sessions() as session:
        control.pause(session, mailing.id, actor=ACTOR, now=now)
        assert session.get_one(Blast, blast.id).state is BlastState.PAUSED
        control.resume(session, mailing.id, actor=ACTOR, now=now)
        control.stop(session, mailing.id, actor=ACTOR, now=now)
        assert session.get_one(Blast, blast.id).state is BlastState.CANCELLED
        assert scenes.states_of(session, mailing) == {State.CANCELLED}
        assert [action for _, action, _ in actions(session)] == [
            "blast.paused",
            "blast.resumed",
            "blast.cancelled",
        ]


def test_confirmations_can_be_paused_but_never_stopped(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.PLANNED, ""): 1}, now=now, stream=Stream.TRANSACTIONAL)
    with pytest.raises(Conflict, match="pause them instead"):
        control.stop(session, mailing.id, actor=ACTOR, now=now)
    control.pause(session, mailing.id, actor=ACTOR, now=now)
    assert queue.get(session, mailing.id).state is MailingState.PAUSED


def test_the_red_button_holds_digests_and_blasts_and_lets_confirmations_go(
    sessions: Sessions, now: datetime
) -> None:
    with transaction(sessions) as session:
        blast = scenes.make_draft(session, readers=2, now=now)
        waiting = {(State.PLANNED, ""): 1}
        digest = make_mailing(session, waiting, now=now)
        letters = make_mailing(session, waiting, now=now, stream=Stream.TRANSACTIONAL, cause="transactional")
    mailing = scenes.start(sessions, blast, now=now)
    with sessions() as session:
        assert control.hold_all(session, actor=ACTOR, now=now)
        assert not control.hold_all(session, actor=ACTOR, now=now)
        lines = queue.get_many(session, [digest.id, mailing.id, letters.id])
        assert {key: line.look for key, line in lines.items()} == {
            digest.id: "held",
            mailing.id: "held",
            letters.id: "sending",
        }
        assert not session.scalar(select(delivery.is_due([Stream.DIGEST, Stream.BLAST], now=now)))
        assert session.scalar(select(delivery.is_due([Stream.TRANSACTIONAL], now=now)))
        assert control.lift_hold(session, actor=ACTOR, now=now)
        assert queue.get(session, digest.id).look == "sending"
        assert [action for _, action, _ in actions(session)] == ["bulk.held", "bulk.released"]


def test_a_relay_is_held_and_resumed_once_each_and_on_record(session: Session, now: datetime) -> None:
    for move in (control.hold_relay, control.resume_relay):
        for _ in range(2):
            move(session, "relay.example:25", actor=ACTOR, now=now)
    session.flush()
    assert actions(session) == [
        (ACTOR, "relay.held", "relay relay.example:25"),
        (ACTOR, "relay.resumed", "relay relay.example:25"),
    ]


def test_an_unknown_message_is_sent_again_only_by_decision(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.UNKNOWN, "no_reply"): 2}, now=now)
    again, left = messages_of(session, mailing)
    control.send_again(session, mailing.id, again.id, actor=ACTOR, now=now)
    control.leave(session, mailing.id, left.id, actor=ACTOR, now=now)
    assert [message.state for message in messages_of(session, mailing)] == [State.PLANNED, State.UNKNOWN]
    assert accounting.accounts(session, [mailing.id])[mailing.id].adds_up
    with pytest.raises(Conflict, match="known by now"):
        control.send_again(session, mailing.id, again.id, actor=ACTOR, now=now)
    assert [action for _, action, _ in actions(session)] == ["message.sent_again", "message.left"]


def test_nothing_of_a_stopped_mailing_is_sent_again(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.UNKNOWN, "no_reply"): 1}, now=now)
    control.stop(session, mailing.id, actor=ACTOR, now=now)
    (message,) = messages_of(session, mailing)
    with pytest.raises(Conflict, match="was stopped"):
        control.send_again(session, mailing.id, message.id, actor=ACTOR, now=now)


def test_looking_at_an_address_is_written_down_without_the_address(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.SENT, ""): 1}, now=now)
    (message,) = messages_of(session, mailing)
    address = control.show_address(session, mailing.id, message.id, actor=ACTOR, now=now)
    assert address.endswith("@example.org")
    assert actions(session) == [(ACTOR, "message.address_shown", f"message {mailing.id}/{message.id}")]


def test_what_does_not_exist_is_not_found(session: Session, now: datetime) -> None:
    for move in (control.pause, control.resume, control.stop):
        with pytest.raises(NotFound):
            move(session, 999_999, actor=ACTOR, now=now)
