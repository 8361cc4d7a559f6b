"""Senders that are killed or frozen at the worst moments: nobody is lost, nobody is mailed twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from service.db import Sessions, transaction
from service.delivery.models import MessageState, Stream
from service.delivery.sweeper import sweep
from tests.fakes import smtp_server
from tests.fakes.smtp_server import STALL, SmtpServer, Step
from tests.integration.delivery.world import account, address_of, engine, plan, states, utc

COUNT = 40
BULK = [Stream.BLAST]
#: Without PIPELINING every command waits for its answer, so that a script knows exactly what is out.
ONE_BY_ONE = ("SIZE 10485760", "8BITMIME")
PIPELINED = ("PIPELINING", *ONE_BY_ONE)


class Victim:
    """A sender process that the scripted relay can hit in the middle of a sentence."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._url, self._folder = database_url, folder
        self.process: subprocess.Popen[bytes] | None = None
        self.hit = threading.Event()

    def start(
        self, port: int, *, lease_seconds: float = 120, poison: bool = False
    ) -> "subprocess.Popen[bytes]":
        module = "tests.integration.delivery.sender_process"
        options = [str(lease_seconds), *(["poison"] if poison else [])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, self._url, str(port), str(self._folder), *options],
            cwd=Path(__file__).parents[3],
        )
        return self.process

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.hit.set()
        os.kill(self.process.pid, number)
        if number == signal.SIGKILL:
            self.process.wait(10)


@pytest.fixture
def victim(database_url: str, tmp_path: Path) -> Iterator[Victim]:
    victim = Victim(database_url, tmp_path)
    yield victim
    if victim.process is not None and victim.process.poll() is None:
        victim.process.kill()
        victim.process.wait(10)


@contextmanager
def relay_that_kills(
    victim: Victim, when: Callable[[Step, int], bool], *, offers: tuple[str, ...] = ONE_BY_ONE
) -> Iterator[SmtpServer]:
    """Kill the sender at the first step that `when` picks; the message of a DOT is taken all the same."""
    count = [0]

    def script(step: Step) -> str | None:
        count[0] += 1
        if not victim.hit.is_set() and when(step, count[0]):
            victim.signal(signal.SIGKILL)
        return None

    with smtp_server.running(script, offers=offers) as server:
        yield server


def check_everybody(server: SmtpServer, sessions: Sessions, mailing_id: int, *, most_unknown: int) -> None:
    """Assert the promise: the relay has each message once, or it is one of the few unknown ones."""
    found = account(sessions, mailing_id)
    assert found.pending == 0
    assert found.unknown <= most_unknown
    taken = Counter(server.recipients)
    for n, (state, _reason) in states(sessions).items():
        if state is MessageState.SENT:
            assert taken[address_of(n)] == 1
        else:
            assert state is MessageState.UNKNOWN
            assert taken[address_of(n)] <= 1


KILLS = {
    "at the greeting": (lambda step, _n: step.verb == "greeting", 0),
    "before MAIL is answered": (lambda step, _n: step.verb == "MAIL" and step.total == 5, 0),
    "in DATA, before the dot": (lambda step, _n: step.verb == "DATA" and step.total == 5, 0),
    "after the dot, before its reply": (lambda step, _n: step.verb == "DOT" and step.total == 5, 1),
    "after replies that were not recorded": (lambda step, _n: step.verb == "RCPT" and step.total == 6, 0),
}


@pytest.mark.parametrize("point", KILLS)
def test_a_sender_killed_at_a_known_point(
    committing: Sessions, victim: Victim, tmp_path: Path, point: str
) -> None:
    when, unknown = KILLS[point]
    mailing_id = plan(committing, COUNT)
    with relay_that_kills(victim, when) as server:
        victim.start(server.port).wait(20)
        assert victim.hit.is_set()
        sweep(committing, journals=tmp_path, now=utc())
        assert account(committing, mailing_id).unknown == unknown
        engine(committing, server, tmp_path).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=unknown)
    assert not list(tmp_path.glob("*.journal"))


@pytest.mark.parametrize("point", KILLS)
def test_a_sender_killed_while_it_pipelines_leaves_at_most_one_unknown_per_connection(
    committing: Sessions, victim: Victim, tmp_path: Path, point: str
) -> None:
    when, _ = KILLS[point]
    mailing_id = plan(committing, COUNT)
    with relay_that_kills(victim, when, offers=PIPELINED) as server:
        victim.start(server.port).wait(20)
        assert victim.hit.is_set()
        sweep(committing, journals=tmp_path, now=utc())
        assert account(committing, mailing_id).unknown <= 1
        engine(committing, server, tmp_path).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=1)
    assert not list(tmp_path.glob("*.journal"))


@pytest.mark.parametrize("seed", range(3))
def test_senders_killed_again_and_again_at_random_points(
    committing: Sessions, victim: Victim, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    mailing_id = plan(committing, COUNT)
    last = dice.randrange(3, 4 * COUNT)
    with relay_that_kills(victim, lambda _step, n: n == last) as server:
        other = threading.Thread(target=lambda: engine(committing, server, tmp_path).deliver(BULK, limit=8))
        victim.start(server.port)
        other.start()
        assert victim.process is not None
        victim.process.wait(20)
        other.join()
        sweep(committing, journals=tmp_path, now=utc())
        engine(committing, server, tmp_path).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=1)


def test_a_sender_that_its_message_kills_has_taken_nothing_and_suspects_it(
    committing: Sessions, victim: Victim, tmp_path: Path
) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running() as server:
        victim.start(server.port, poison=True).wait(20)
    assert account(committing, mailing_id).by_state == {MessageState.PLANNED: COUNT}
    sweep(committing, journals=tmp_path, now=utc())
    assert account(committing, mailing_id).by_state == {MessageState.PLANNED: COUNT}
    with committing() as session:
        assert session.scalar(text("SELECT sum(crashes) FROM messages")) == 1


def test_a_message_that_kills_three_senders_is_set_aside_and_the_rest_goes_on(
    committing: Sessions, victim: Victim, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 5)
    with smtp_server.running() as server:
        for _ in range(3):
            assert account(committing, mailing_id).pending == 5
            victim.start(server.port, poison=True).wait(20)
            sweep(committing, journals=tmp_path, now=utc())
        assert engine(committing, server, tmp_path).deliver(BULK).sent == 4
    found = account(committing, mailing_id)
    assert (found.failed, found.pending) == ({"crashed": 1}, 0)


def test_a_confirmation_in_doubt_is_sent_again(committing: Sessions, victim: Victim, tmp_path: Path) -> None:
    plan(committing, 1, stream=Stream.TRANSACTIONAL, cause="confirmations")
    with relay_that_kills(victim, lambda step, _n: step.verb == "DOT") as server:
        victim.start(server.port).wait(20)
        sweep(committing, journals=tmp_path, now=utc())
        assert engine(committing, server, tmp_path).deliver([Stream.TRANSACTIONAL]).sent == 1
    assert server.recipients == [address_of(0)] * 2
    assert len({each.body_hash for each in server.accepted}) == 1


def end_leases(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        session.execute(
            text("UPDATE messages SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL")
        )


def wait_for_no_transaction(sessions: Sessions) -> None:
    """Let the sender finish what it does in the database, so that it holds its lease and no locks."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        with sessions() as session:
            busy = session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                )
            )
        if not busy:
            return
        time.sleep(0.01)
    raise AssertionError("The sender is in a transaction all the time.")


def test_a_lost_machine_leaves_at_most_its_window_unknown_until_its_journal_is_found(
    committing: Sessions, victim: Victim, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 200)
    elsewhere = tmp_path / "another machine"
    with relay_that_kills(victim, lambda step, _n: step.verb == "DOT" and step.total == 20) as server:
        victim.start(server.port).wait(20)
        sweep(committing, journals=elsewhere, now=utc())
        assert account(committing, mailing_id).unknown == 0
        end_leases(committing)
        sweep(committing, journals=elsewhere, now=utc())
        found = account(committing, mailing_id)
        assert 0 < found.unknown <= 64
        assert found.by_state[MessageState.PLANNED] + found.unknown + found.sent == 200
        engine(committing, server, elsewhere).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=64)
        sweep(committing, journals=elsewhere, now=utc())

        sweep(committing, journals=tmp_path, now=utc())
        assert account(committing, mailing_id).unknown == 1
        engine(committing, server, elsewhere).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=1)


def test_a_journal_from_before_a_power_cut_is_trusted_only_in_what_it_says(
    committing: Sessions, victim: Victim, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 200)
    with relay_that_kills(victim, lambda step, _n: step.verb == "DOT" and step.total == 20) as server:
        victim.start(server.port).wait(20)
        (path,) = tmp_path.glob("*.journal")
        lines = path.read_text().splitlines()
        assert '"boot"' in lines[0]
        lines[0] = '{"owner":"' + path.stem + '","boot":"another"}'
        # The end of the file never reached the disk.
        path.write_text("\n".join(lines[:-3]) + "\n")
        sweep(committing, journals=tmp_path, now=utc())
        engine(committing, server, tmp_path).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=64)
        assert account(committing, mailing_id).unknown > 0


def test_a_sender_frozen_past_its_lease_never_sends(
    committing: Sessions, victim: Victim, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 10)
    with smtp_server.running(offers=ONE_BY_ONE) as server:
        frozen = threading.Event()

        def script(step: Step) -> str | None:
            if step.verb == "DATA" and step.total == 3 and not frozen.is_set():
                wait_for_no_transaction(committing)
                victim.signal(signal.SIGSTOP)
                frozen.set()
            return None

        server.script = script
        process = victim.start(server.port, lease_seconds=6.5)
        assert frozen.wait(20)
        end_leases(committing)
        sweep(committing, journals=tmp_path, now=utc())
        assert account(committing, mailing_id).unknown == 0
        engine(committing, server, tmp_path).deliver(BULK)
        assert Counter(server.recipients).most_common(1)[0][1] == 1
        time.sleep(1.8)
        victim.signal(signal.SIGCONT)
        assert process.wait(20) == 0
        check_everybody(server, committing, mailing_id, most_unknown=0)
    assert len(server.accepted) == 10


def test_a_lease_is_renewed_while_the_relay_thinks(
    committing: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.delivery.book.MARGIN_SECONDS", 0.1)
    plan(committing, 1)
    seen = []

    def script(step: Step) -> str | None:
        if step.verb == "DOT":
            for _ in range(2):
                with committing() as session:
                    seen.append(session.scalar(text("SELECT lease_until FROM messages")))
                time.sleep(1.1)
        return None

    with smtp_server.running(script) as server:
        sender = engine(committing, server, tmp_path, lease_seconds=1.5, deadlines=None)
        assert sender.deliver(BULK).sent == 1
    assert seen[1] > seen[0]


def test_a_sender_that_is_ended_while_it_waits_for_a_reply_remembers_the_dot(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 5)
    asked = threading.Event()

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 2 and not asked.is_set():
            asked.set()
            return "take+" + STALL
        return None

    def stop() -> bool:
        # What a pool does to a child that it ends: an exception at any place, here in the wait.
        if asked.is_set():
            raise SystemExit
        return False

    with smtp_server.running(script) as server:
        with pytest.raises(SystemExit):
            engine(committing, server, tmp_path).deliver(BULK, stop=stop)
        sweep(committing, journals=tmp_path, now=utc())
        assert account(committing, mailing_id).unknown == 1
        engine(committing, server, tmp_path).deliver(BULK)
        check_everybody(server, committing, mailing_id, most_unknown=1)


def test_a_stop_does_not_wait_for_a_silent_relay_for_ever(
    committing: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.delivery.shift.STOP_SECONDS", 0.2)
    mailing_id = plan(committing, 5)
    stop = threading.Event()

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 2:
            stop.set()
            return "take+" + STALL
        return None

    with smtp_server.running(script) as server:
        began = time.monotonic()
        engine(committing, server, tmp_path, deadlines=None).deliver(BULK, stop=stop.is_set)
        assert time.monotonic() - began < 5
    found = account(committing, mailing_id)
    assert (found.sent, found.unknown, found.pending) == (2, 1, 2)
