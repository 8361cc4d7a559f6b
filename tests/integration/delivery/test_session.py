"""Greeting, encryption and login, and deadlines that a trickle does not move."""

import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from service.delivery.replies import Kind
from service.delivery.smtp import Deadlines, RelayUnusable, SmtpSession
from service.delivery.wire import ConnectionLost
from service.settings import RelayAddress
from tests.fakes import smtp_server
from tests.fakes.smtp_server import STALL, TRICKLE, SmtpServer
from tests.integration.delivery.one_lane import OneHand, parcel_of, work
from tests.integration.delivery.world import QUICK

CERTIFICATE = Path(smtp_server.__file__).parent / "tls" / "localhost.pem"


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine trust the fake's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def connect(server: SmtpServer, url: str, *, deadlines: Deadlines = QUICK) -> SmtpSession:
    relay = RelayAddress.parse(url.format(port=server.port))
    return SmtpSession.connect(relay, helo_name="sender.test", on_wait=lambda: None, deadlines=deadlines)


def send(session: SmtpSession, raw: bytes) -> None:
    crew = OneHand([parcel_of(raw)])
    work(session, crew, deadlines=QUICK)
    assert crew.settled_ones[0].verdict.kind is Kind.ACCEPTED


def encrypting(context: ssl.SSLContext, **values: object) -> AbstractContextManager[SmtpServer]:
    return smtp_server.running(tls=context, **{"offers": ("STARTTLS", "AUTH PLAIN LOGIN"), **values})


@pytest.mark.usefixtures("trusted")
def test_starttls_is_used_and_everything_is_said_again_behind_it(tls: ssl.SSLContext) -> None:
    with encrypting(tls) as server:
        send(connect(server, "smtp+starttls://ann:s%40cret@localhost:{port}"), b"Subject: x\r\n\r\nhi\r\n")
    assert [line.split(" ")[0] for line in server.encrypted] == [
        "EHLO",
        "AUTH",
        "MAIL",
        "RCPT",
        "DATA",
        "QUIT",
    ]
    assert "AUTH PLAIN AGFubgBzQGNyZXQ=" in server.encrypted


@pytest.mark.usefixtures("trusted")
def test_tls_from_the_first_byte(tls: ssl.SSLContext) -> None:
    with encrypting(tls, implicit=True) as server:
        send(connect(server, "smtps://localhost:{port}"), b"Subject: x\r\n\r\nhi\r\n")
    assert server.commands == server.encrypted
    assert server.recipients == ["ann@example.org"]


def test_a_certificate_nobody_vouches_for_is_refused(tls: ssl.SSLContext) -> None:
    with encrypting(tls) as server, pytest.raises(RelayUnusable, match="certificate is not valid"):
        connect(server, "smtp+starttls://localhost:{port}")
    assert not any(line.startswith("MAIL") for line in server.commands)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_host_is_refused(tls: ssl.SSLContext) -> None:
    with encrypting(tls) as server, pytest.raises(RelayUnusable, match="certificate is not valid"):
        connect(server, "smtp+starttls://127.0.0.1:{port}")


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "220 2.0.0 go\r\n250 injected"])
@pytest.mark.usefixtures("trusted")
def test_a_starttls_that_goes_wrong_is_not_answered_in_clear(tls: ssl.SSLContext, reply: str) -> None:
    with (
        encrypting(tls, script=lambda step: reply if step.verb == "STARTTLS" else None) as server,
        pytest.raises(RelayUnusable),
    ):
        connect(server, "smtp+starttls://localhost:{port}")
    assert not any(line.startswith("MAIL") for line in server.commands)


def test_required_encryption_that_is_not_offered_stops_everything() -> None:
    with smtp_server.running() as server, pytest.raises(RelayUnusable, match="no STARTTLS"):
        connect(server, "smtp+starttls://localhost:{port}")


def test_on_this_machine_encryption_is_not_needed_and_login_works() -> None:
    with smtp_server.running(offers=("STARTTLS", "AUTH PLAIN")) as server:
        connect(server, "smtp://ann:secret@127.0.0.1:{port}").quit()
    assert [line.split(" ")[0] for line in server.commands] == ["EHLO", "AUTH", "QUIT"]


def test_a_refused_login_is_told_without_the_password() -> None:
    with (
        smtp_server.running(
            lambda step: "535 5.7.8 no" if step.verb == "AUTH" else None, offers=("AUTH PLAIN",)
        ) as server,
        pytest.raises(RelayUnusable) as caught,
    ):
        connect(server, "smtp://ann:secret@127.0.0.1:{port}")
    assert "login (535)" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_relay_that_only_knows_helo_will_do() -> None:
    with smtp_server.running(lambda step: "502 what" if step.verb == "EHLO" else None) as server:
        send(connect(server, "smtp://127.0.0.1:{port}"), b"Subject: x\r\n\r\nhi\r\n")
    assert "MAIL FROM:<b+token@courier.example>" in server.commands


@pytest.mark.parametrize("line", [".", "..", ".x", "", "x."])
def test_dots_at_the_start_of_a_line_arrive_as_they_were(line: str) -> None:
    raw = f"Subject: x\r\n\r\n{line}\r\n{line}\r\n".encode()
    with smtp_server.running() as server:
        send(connect(server, "smtp://127.0.0.1:{port}"), raw)
    assert server.accepted[0].raw == raw


@pytest.mark.parametrize("verb", ["greeting", "EHLO"])
def test_silence_ends_at_the_deadline(verb: str) -> None:
    with smtp_server.running(lambda step: STALL if step.verb == verb else None) as server:
        began = time.monotonic()
        with pytest.raises(RelayUnusable):
            connect(server, "smtp://127.0.0.1:{port}", deadlines=Deadlines(greeting=0.6, helo=0.6))
        assert time.monotonic() - began < 3


@pytest.fixture
def trickle() -> Iterator[SmtpServer]:
    """A relay that answers MAIL with one byte every tenth of a second."""

    def script(step: smtp_server.Step) -> str | None:
        return TRICKLE if step.verb == "MAIL" else None

    with smtp_server.running(script) as server:
        yield server


def test_a_trickle_does_not_move_the_deadline(trickle: SmtpServer) -> None:
    deadlines = Deadlines(mail=0.8)
    session = connect(trickle, "smtp://127.0.0.1:{port}", deadlines=deadlines)
    began = time.monotonic()
    crew = OneHand([parcel_of(b"x\r\n")])
    lane = work(session, crew, deadlines=deadlines)
    assert time.monotonic() - began < 3
    assert "too long" in lane.broken
    assert crew.returned_ones[0] is not None


def test_an_endless_reply_is_no_reply() -> None:
    endless = "\r\n".join(["250-more"] * 300)
    with smtp_server.running(lambda step: endless if step.verb == "MAIL" else None) as server:
        session = connect(server, "smtp://127.0.0.1:{port}")
        lane = work(session, OneHand([parcel_of(b"x\r\n")]), deadlines=QUICK)
    assert "does not end" in lane.broken


def test_a_relay_that_has_hung_up_is_still_known_to_be_on_this_machine() -> None:
    with smtp_server.running() as server:
        session = connect(server, "smtp://127.0.0.1:{port}")
        session.close()
        assert session.is_local, "the live check says what it thinks of a relay when the talk is over"
        with pytest.raises(ConnectionLost):
            assert session.wire.peer


def test_a_size_that_is_no_number_is_no_limit() -> None:
    with smtp_server.running(offers=("SIZE ²",)) as server:
        session = connect(server, "smtp://127.0.0.1:{port}")
        assert session.largest is None
        session.quit()
