"""What stops a mailing while it is sent, by hand or by itself, and how it goes on."""

from pathlib import Path

import pytest
from sqlalchemy import text

from service.db import Sessions, transaction
from service.delivery import holds, mailings
from service.delivery.breakers import ErrorLimit
from service.delivery.models import MailingState, MessageState, Stream
from tests.fakes import smtp_server
from tests.fakes.smtp_server import Step
from tests.integration.delivery.fleet_world import BULK, everybody_once, fleet, relay
from tests.integration.delivery.world import account, mailing_of, plan, utc

WINDOW = 64


def test_the_red_button_stops_every_mailing_within_a_window_and_those_opened_later(
    committing: Sessions, tmp_path: Path
) -> None:
    first = plan(committing, 150)

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 3:
            with transaction(committing) as session:
                holds.hold(session, by="operator 1", now=utc())
        return None

    with smtp_server.running(script, delay=0.01) as server:
        sender = fleet(committing, [relay(server)], tmp_path)
        sender.deliver(BULK)
        stopped_at = len(server.accepted)
        assert 3 <= stopped_at <= 3 + WINDOW
        later = plan(committing, 10, cause="blast 2")
        letters = plan(committing, 2, cause="transactional 2026-11", stream=Stream.TRANSACTIONAL)
        assert sender.deliver([Stream.TRANSACTIONAL, *BULK]).sent == 2, "confirmations go on"
        server.delay = 0
        with transaction(committing) as session:
            holds.lift(session)
        sender.deliver(BULK)
        assert len(server.accepted) == 150 + 10 + 2
    for mailing_id, count in ((first, 150), (later, 10), (letters, 2)):
        assert account(committing, mailing_id).by_state == {MessageState.SENT: count}


def test_too_many_errors_pause_the_mailing_and_an_operator_resumes_it(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 300)
    refusing = [True]

    def script(step: Step) -> str | None:
        return "550 5.2.0 mailbox trouble" if step.verb == "RCPT" and refusing[0] else None

    with smtp_server.running(script, delay=0.005) as server:
        sender = fleet(committing, [relay(server)], tmp_path, error_limit=ErrorLimit(percent=20, outcomes=40))
        sender.deliver(BULK)
        mailing = mailing_of(committing, mailing_id)
        assert (mailing.state, mailing.paused_by) == (MailingState.PAUSED, "system")
        assert "were errors" in (mailing.paused_reason or "")
        untouched = account(committing, mailing_id).by_state[MessageState.PLANNED]
        assert untouched > 0, "it was noticed before everybody had been tried"
        assert sender.deliver(BULK).settled == 0
        refusing[0] = False
        with transaction(committing) as session:
            mailings.resume(session, mailing_id, now=utc())
        assert sender.deliver(BULK).sent == untouched
    assert mailing_of(committing, mailing_id).paused_reason is None


def test_a_mailing_is_paused_and_resumed_within_a_window_and_nobody_is_asked_twice(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 200)

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 5:
            with transaction(committing) as session:
                mailings.pause(session, mailing_id, now=utc())
        return None

    with smtp_server.running(script, delay=0.01) as server:
        sender = fleet(committing, [relay(server)], tmp_path)
        sender.deliver(BULK)
        assert len(server.accepted) <= 5 + WINDOW
        assert account(committing, mailing_id).by_state[MessageState.PLANNED] >= 200 - 5 - WINDOW
        server.delay = 0
        with transaction(committing) as session:
            mailings.resume(session, mailing_id, now=utc())
        sender.deliver(BULK)
    assert everybody_once(200, server)


def test_lanes_go_on_while_another_holds_rows_that_the_sender_must_write(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 40)
    blocker = committing()

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 2:
            # Somebody locks the very rows whose outcomes are about to be written, and takes his time.
            blocker.execute(text("SELECT 1 FROM messages WHERE state = 'sending' FOR UPDATE SKIP LOCKED"))
        if step.verb == "DOT" and step.total == 6:
            blocker.rollback()
        return None

    with smtp_server.running(script) as server:
        # Were the lanes to stand still with the database, the seventh of the first eight would never come.
        report = fleet(committing, [relay(server)], tmp_path).deliver(BULK, seconds=20)
    blocker.close()
    assert report.sent == 40
    assert everybody_once(40, server)
    assert account(committing, mailing_id).by_state == {MessageState.SENT: 40}


@pytest.mark.parametrize("hold", ["everything", "the mailing", "the mailing for good"])
def test_a_press_acts_within_one_message_of_each_connection(
    committing: Sessions, tmp_path: Path, hold: str
) -> None:
    """Counted at a slow relay: what it had been handed before the press arrives, and nothing else begins."""
    lanes = 4
    mailing_id = plan(committing, 120)
    began: list[int] = []

    def script(step: Step) -> str | None:
        # In the answer to a message's envelope, so that its text is what is handed over at the press.
        if step.verb == "DATA" and step.total >= 10 and not began:
            with transaction(committing) as session:
                if hold == "everything":
                    holds.hold(session, by="operator 1", now=utc())
                elif hold == "the mailing":
                    mailings.pause(session, mailing_id, now=utc())
                else:
                    mailings.stop(session, mailing_id, now=utc())
            began.append(step.total)
        return None

    with smtp_server.running(script, delay=0.03) as server:
        sender = fleet(committing, [relay(server, connections=lanes)], tmp_path)
        sender.deliver(BULK)
        assert began
        assert len(server.accepted) - began[0] <= lanes
