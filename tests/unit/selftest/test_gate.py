"""The gate holds the answer to one final dot, and lets everything else through."""

import smtplib
import threading
from collections.abc import Iterator

import pytest

from service.selftest.gate import Gate
from tests.fakes.smtp_server import SmtpServer, running

#: Long enough for many reads, with lines that begin with dots.
MAIL = b"Subject: x\r\n\r\n" + b".a line with a dot\r\n" * 9000


@pytest.fixture
def relay() -> Iterator[SmtpServer]:
    with running() as server:
        yield server


def send(gate: Gate, count: int, done: list[int]) -> None:
    with smtplib.SMTP("127.0.0.1", gate.port, timeout=10) as client:
        for number in range(count):
            client.sendmail("a@b.example", [f"r{number}@b.example"], MAIL)
            done.append(number)


def test_mail_goes_through_whole(relay: SmtpServer) -> None:
    done: list[int] = []
    with Gate(upstream_port=relay.port) as gate:
        send(gate, 3, done)
    assert [mail.recipient for mail in relay.accepted] == ["r0@b.example", "r1@b.example", "r2@b.example"]
    assert relay.accepted[0].raw.replace(b"\r\n", b"\n").strip() == MAIL.replace(b"\r\n", b"\n").strip()


def test_one_answer_is_held_after_the_relay_has_the_mail_and_goes_on_when_released(
    relay: SmtpServer,
) -> None:
    done: list[int] = []
    with Gate(upstream_port=relay.port) as gate:
        gate.hold_after(2)
        sender = threading.Thread(target=send, args=(gate, 4, done))
        sender.start()
        assert gate.holding.wait(10)
        assert len(relay.accepted) == 3
        assert done == [0, 1]
        gate.release()
        sender.join(10)
    assert done == [0, 1, 2, 3]
    assert len(relay.accepted) == 4
