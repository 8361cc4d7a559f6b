"""The inbox as a mail server: what arrives is kept, whatever it is and whatever happens next."""

import json
import signal
import socket
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTPDataError, SMTPSenderRefused
from urllib.request import urlopen

import pytest

from tests.integration.inbox.running import PROGRAM, RunningInbox, free_port, start_inbox

PLAIN = b"From: desk@example.org\r\nTo: ann@example.org\r\nSubject: Hello\r\n\r\nBody\r\n.leading dot\r\n"


def fetch(inbox: RunningInbox, path: str) -> dict:
    with urlopen(inbox.url + path, timeout=10) as answer:
        return json.load(answer)


def send(inbox: RunningInbox, raw: bytes, *, to: str = "ann@example.org") -> None:
    with inbox.connect() as smtp:
        smtp.sendmail("bounce@example.org", [to], raw)


def test_a_message_sent_by_smtp_is_listed_and_can_be_read(inbox: RunningInbox) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Desk <desk@example.org>", "ann@example.org", "Grüße"
    message.set_content("See https://example.org/a?b=1 for more.")
    message.add_alternative('<p>See <a href="https://example.org/a?b=1&amp;c=2">this</a></p>', subtype="html")
    with inbox.connect() as smtp:
        smtp.send_message(message)

    listed = fetch(inbox, "/api/messages?to=ann@example.org")
    (summary,) = listed["messages"]
    opened = fetch(inbox, f"/api/messages/{summary['id']}")

    assert summary["subject"] == "Grüße"
    assert summary["recipients"] == ["ann@example.org"]
    assert listed["latest"] == summary["id"]
    assert ["Subject", "Grüße"] in opened["headers"]
    assert "for more" in opened["text"]
    assert opened["links"] == ["https://example.org/a?b=1&c=2", "https://example.org/a?b=1"]


def test_the_server_offers_what_a_relay_offers(inbox: RunningInbox) -> None:
    with inbox.connect() as smtp:
        smtp.ehlo()
        assert {"8bitmime", "smtputf8", "size"} <= smtp.esmtp_features.keys()
        assert int(smtp.esmtp_features["size"]) == 10 * 1024 * 1024


def test_an_acknowledged_message_survives_kill_minus_nine(inbox: RunningInbox) -> None:
    send(inbox, PLAIN)
    inbox.kill()
    again = start_inbox(inbox.folder)
    try:
        (summary,) = fetch(again, "/api/messages")["messages"]
        with urlopen(f"{again.url}/messages/{summary['id']}/raw.eml", timeout=10) as answer:
            assert answer.read() == PLAIN
    finally:
        again.kill()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"no headers at all, \xff\xfe\x00 only bytes\r\n",
        b"Subject: =?utf-8?q?=FF=FE?= =?nonsense?b?!!!?=\r\n\r\n\xe4\xf6\xfc\r\n",
        b"Subject: \xe4\xf6\xfc raw\r\nFrom: <<<@>>>,,;:\r\nTo: \"\r\n\r\nx\r\n",
        b"Content-Type: multipart/mixed; boundary=\"x\r\n\r\n--x\r\n\r\n",
        b"Content-Type: text/html; charset=no-such\r\n\r\n<p>\xff",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%% not base64 \xff\r\n",
        b"Content-Type: text/html\r\n\r\n<![if x<!DOCTYPE <a href='https://a.example'\r\n",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed\r\n\r\n\r\n",
    ],
)  # fmt: skip
def test_eight_bit_and_malformed_messages_are_kept_and_shown(inbox: RunningInbox, raw: bytes) -> None:
    send(inbox, raw)
    (summary,) = fetch(inbox, "/api/messages")["messages"]
    for path in ("", "?view=text", "?view=headers", "?view=raw", "/frame", "/raw.eml"):
        with urlopen(f"{inbox.url}/messages/{summary['id']}{path}", timeout=10) as answer:
            assert answer.status == 200
    assert fetch(inbox, f"/api/messages/{summary['id']}")["id"] == summary["id"]


def test_an_international_address_is_taken(inbox: RunningInbox) -> None:
    with inbox.connect() as smtp:
        smtp.ehlo()
        smtp.sendmail("bounce@example.org", ["žofie@přístav.example"], PLAIN, ["SMTPUTF8", "BODY=8BITMIME"])
    (summary,) = fetch(inbox, "/api/messages")["messages"]
    assert summary["recipients"] == ["žofie@přístav.example"]


def test_garbage_instead_of_smtp_does_not_stop_the_inbox(inbox: RunningInbox) -> None:
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 70_000,
        b"DATA\r\n.\r\n",
    ):
        with socket.create_connection(("127.0.0.1", inbox.smtp_port), timeout=5) as connection:
            connection.sendall(garbage)
    send(inbox, PLAIN)
    assert len(fetch(inbox, "/api/messages")["messages"]) == 1


def test_a_message_over_the_size_limit_is_refused(inbox: RunningInbox) -> None:
    with inbox.connect() as smtp, pytest.raises((SMTPDataError, SMTPSenderRefused)) as refused:
        smtp.sendmail("bounce@example.org", ["ann@example.org"], PLAIN + b"x" * 70 * 160_000)
    assert refused.value.smtp_code == 552
    assert fetch(inbox, "/api/messages")["messages"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_when_asked(inbox: RunningInbox, number: signal.Signals) -> None:
    with inbox.connect():
        inbox.process.send_signal(number)
        assert inbox.process.wait(10) == 0


def test_a_port_in_use_is_said_in_one_sentence(inbox: RunningInbox, tmp_path: Path) -> None:
    for ports in ((inbox.smtp_port, free_port()), (free_port(), inbox.web_port)):
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "other"), *map(str, ports)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        last = ended.stderr.strip().splitlines()[-1]
        assert ended.returncode == 1
        assert "StartupError: The inbox cannot listen on port" in last
