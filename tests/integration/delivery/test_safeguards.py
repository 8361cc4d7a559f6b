"""One test for each safeguard against loss and double mail: take the safeguard away, and its test fails.

`make faults MUTATIONS=1` does take each of them away, and expects these tests to fail.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from service.db import Sessions, transaction
from service.delivery import suppression
from service.delivery.models import MessageState, Stream
from service.delivery.smtp import Deadlines
from service.delivery.sweeper import sweep
from tests.fakes import smtp_server
from tests.fakes.smtp_server import DROP, Step
from tests.integration.delivery.world import (
    Composer,
    account,
    address_of,
    engine,
    hash_of,
    plan,
    states,
    utc,
)

BULK = [Stream.DIGEST, Stream.BLAST]
COUNT = 6
ROOT = Path(__file__).parents[3]


def test_unique_key_a_planner_that_starts_over_adds_nobody_twice(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, COUNT)
    plan(committing, COUNT)
    with smtp_server.running() as server:
        engine(committing, server, tmp_path).deliver(BULK, limit=10 * COUNT)
    assert sorted(server.recipients) == sorted(map(address_of, range(COUNT)))
    assert account(committing, mailing_id).sent == COUNT


def test_unique_key_the_database_itself_refuses_a_second_row(committing: Sessions) -> None:
    plan(committing, COUNT)
    with pytest.raises(IntegrityError, match="dedupe_key"), transaction(committing) as session:
        # A planner that forgot to look, or two at once.
        session.execute(
            text(
                "INSERT INTO messages (mailing_id, dedupe_key, stream, kind, variant, details,"
                " return_path_token, message_id, state, reason, due_at, attempts, created_at, state_at)"
                " SELECT mailing_id, dedupe_key, stream, kind, variant, details, return_path_token || 'x',"
                " message_id || 'x', state, reason, due_at, attempts, created_at, state_at FROM messages"
            )
        )


def test_state_condition_what_was_sent_is_never_taken_again(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running() as server:
        sender = engine(committing, server, tmp_path)
        assert sender.deliver(BULK, limit=COUNT).sent == COUNT
        assert sender.deliver(BULK, limit=COUNT).settled == 0
    assert Counter(server.recipients) == dict.fromkeys(map(address_of, range(COUNT)), 1)
    assert account(committing, mailing_id).sent == COUNT


def test_state_condition_what_another_sender_holds_is_never_taken(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, COUNT)
    second: list[int] = []

    def script(step: Step) -> str | None:
        # While the first sender is in the middle of its window, a second one looks for work.
        if step.verb == "DOT" and not second:
            second.append(-1)
            second[0] = engine(committing, server, tmp_path).deliver(BULK, limit=COUNT).settled
        return None

    with smtp_server.running(script) as server:
        engine(committing, server, tmp_path).deliver(BULK, limit=COUNT)
    assert second == [0]
    assert max(Counter(server.recipients).values()) == 1
    assert account(committing, mailing_id).sent == COUNT


def test_owner_condition_what_a_sender_hears_after_its_lease_is_old_news(
    committing: Sessions, tmp_path: Path
) -> None:
    # One message: the sender's own clock knows nothing of the end that the test gives its lease.
    mailing_id = plan(committing, 1)
    others: list[int] = []

    def script(step: Step) -> str | None:
        if step.verb != "RCPT" or others:
            return None
        # This sender was frozen: its lease ended, and another has sent everything when it is answered.
        others.append(-1)
        with transaction(committing) as session:
            session.execute(text("UPDATE messages SET lease_until = now() - interval '1 s'"))
        sweep(committing, journals=tmp_path, now=utc())
        others[0] = engine(committing, server, tmp_path).deliver(BULK).sent
        return "450 4.2.0 later"

    with smtp_server.running(script) as server:
        engine(committing, server, tmp_path, deadlines=Deadlines()).deliver(BULK)
        assert others == [1]
        with transaction(committing) as session:
            session.execute(text("UPDATE messages SET due_at = now()"))
        assert engine(committing, server, tmp_path).deliver(BULK).settled == 0
    assert server.recipients == [address_of(0)]
    assert account(committing, mailing_id).sent == 1


def test_last_look_a_reader_suppressed_after_the_mail_was_made_gets_nothing(
    committing: Sessions, tmp_path: Path
) -> None:
    plan(committing, COUNT)
    compose = Composer()

    def suppress() -> None:
        with transaction(committing) as session:
            suppression.suppress(session, hash_of(address_of(2)), list_id=1, reason="never_again", now=utc())

    compose.then.append(suppress)
    with smtp_server.running() as server:
        engine(committing, server, tmp_path, compose=compose).deliver(BULK)
    assert address_of(2) not in server.recipients
    assert len(server.accepted) == COUNT - 1
    assert states(committing)[2] == (MessageState.SKIPPED, "suppressed")


@pytest.mark.parametrize("kept", [True, False])
def test_intent_mark_a_mail_whose_dot_may_be_out_is_never_sent_again_by_itself(
    committing: Sessions, database_url: str, tmp_path: Path, kept: bool
) -> None:
    mailing_id = plan(committing, COUNT)
    sender: list[subprocess.Popen[bytes]] = []
    doubtful: list[str] = []

    def script(step: Step) -> str | None:
        if step.verb != "DOT" or step.total != 2 or doubtful:
            return None
        doubtful.append(step.recipient)
        os.kill(sender[0].pid, signal.SIGKILL)
        return None if kept else DROP

    # Without PIPELINING the message in doubt is the only one that was begun.
    with smtp_server.running(script, offers=("SIZE 10485760", "8BITMIME")) as server:
        module = "tests.integration.delivery.sender_process"
        arguments = [database_url, str(server.port), str(tmp_path), "120"]
        sender.append(subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT))
        assert sender[0].wait(30) == -signal.SIGKILL
        sweep(committing, journals=tmp_path, now=utc())
        engine(committing, server, tmp_path).deliver(BULK)
    found = states(committing)
    in_doubt = {address_of(n) for n, (state, _) in found.items() if state is MessageState.UNKNOWN}
    assert in_doubt == set(doubtful)
    taken = Counter(server.recipients)
    assert {taken[address_of(n)] for n, (state, _) in found.items() if state is MessageState.SENT} == {1}
    assert [taken[each] for each in doubtful] == [int(kept)]
    assert account(committing, mailing_id).pending == 0
