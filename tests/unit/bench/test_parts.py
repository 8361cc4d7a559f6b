"""The benchmark's own parts: its sink against an ordinary client, sizes and delays, the meter."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from service.bench.meter import Meter
from service.bench.plan import Mode, Plan, parse_delay, parse_size
from service.embedded import ports
from service.errors import InvalidInput


def sink(delay: str) -> Iterator[int]:
    [port] = ports.find_free(1)
    child = subprocess.Popen([sys.executable, "-m", "service.bench.sink", str(port), delay])
    try:
        end = time.monotonic() + 10
        while not ports.accepts(port):
            assert time.monotonic() < end
            time.sleep(0.02)
        yield port
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def quick_sink() -> Iterator[int]:
    yield from sink("0")


@pytest.fixture
def slow_sink() -> Iterator[int]:
    yield from sink("0.2")


def mails(client: smtplib.SMTP) -> int:
    return int(client.docmd("HELP")[1])


@pytest.mark.parametrize("body", [b"", b".\r\n", b"x\r\n" * 50_000, b"..\r\n.a\r\n"], ids=len)
def test_the_sink_counts_mails_of_any_shape(quick_sink: int, body: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", quick_sink, timeout=5) as client:
        for _ in range(3):
            client.sendmail("a@b.example", ["c@d.example"], body)
        assert mails(client) == 3


def test_the_sink_takes_a_pipelined_conversation_in_order(quick_sink: int) -> None:
    with smtplib.SMTP("127.0.0.1", quick_sink, timeout=5) as client:
        client.ehlo()
        assert client.has_extn("pipelining")
        assert client.sock is not None
        client.sock.sendall(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhello\r\n.\r\nNOOP\r\n")
        assert [client.getreply()[0] for _ in range(5)] == [250, 250, 354, 250, 250]


def test_a_delay_holds_the_answer_to_the_final_dot(slow_sink: int) -> None:
    with smtplib.SMTP("127.0.0.1", slow_sink, timeout=5) as client:
        began = time.monotonic()
        client.noop()
        assert time.monotonic() - began < 0.15
        client.sendmail("a@b.example", ["c@d.example"], b"hello")
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("text", "size"), [("30000", 30_000), ("30k", 30_000), ("1M", 1_000_000)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(("text", "seconds"), [("50ms", 0.05), ("0.05s", 0.05), ("0", 0.0)])
def test_delays(text: str, seconds: float) -> None:
    assert parse_delay(text) == pytest.approx(seconds)


@pytest.mark.parametrize("wrong", ["", "50", "-1ms", "soon"])
def test_what_is_no_delay_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        parse_delay(wrong)


def test_connections_are_the_same_for_each_worker_and_bounded() -> None:
    plan = Plan(10, 30_000, Mode.DIGEST, False, workers=3, wanted_connections=4, sink_delay=0)
    assert plan.connections == 6
    plan.check()
    with pytest.raises(InvalidInput, match="at most 32"):
        Plan(10, 30_000, Mode.BLAST, False, workers=1, wanted_connections=33, sink_delay=0).check()


def test_the_meter_sees_what_a_child_of_a_child_used() -> None:
    work = (
        "import time; x = b'x' * 50_000_000; end = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass"
    )
    script = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])\n"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        meter = Meter(lambda: {"some": [child.pid], "nobody": []})
        meter.start()
        assert child.stdout is not None
        end = time.monotonic() + 20
        while not meter.peak_mb.get("some", 0) > 40:
            assert time.monotonic() < end
            meter.look()
        child.stdout.readline()
        meter.stop()
        child.communicate(b"\n")
    assert meter.cpu["some"] >= 0.2
    assert meter.cpu["nobody"] == 0
