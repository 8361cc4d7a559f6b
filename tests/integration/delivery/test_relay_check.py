"""A live check of a relay: what is done, what it answered, what is hidden, and what to do next."""

import ssl
from pathlib import Path

import pytest

from service.delivery.relay_check import Checked, Kind, check
from service.settings import RelayAddress
from tests.fakes import smtp_server
from tests.fakes.smtp_server import STALL, TRICKLE, SmtpServer
from tests.integration.delivery.test_several_relays import closed_port

CERTIFICATE = Path(smtp_server.__file__).parent / "tls" / "localhost.pem"
AUTH = ("STARTTLS", "AUTH PLAIN LOGIN", "SIZE 10485760")


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine trust the fake's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def look(
    server: SmtpServer, url: str, *, seconds: float = 5, helo_name: str = "sender.example.org"
) -> Checked:
    return check(RelayAddress.parse(url.format(port=server.port)), helo_name=helo_name, seconds=seconds)


def kinds(checked: Checked) -> list[Kind]:
    return [step.kind for step in checked.steps]


def test_every_step_of_a_relay_that_works_is_shown_with_its_reply_and_no_mail_is_sent(
    tls: ssl.SSLContext, trusted: None
) -> None:
    with smtp_server.running(tls=tls, offers=AUTH) as server:
        checked = look(server, "smtp+starttls://me:hush%20hush@localhost:{port}")
    assert checked.works, checked.problem
    steps = ["name", "connect", "greeting", "ehlo", "starttls", "certificate", "ehlo", "auth"]
    assert [kind for kind in kinds(checked) if kind != "connect"] == [
        each for each in steps if each != "connect"
    ]
    assert "TLS" in checked.steps[-3].reply
    assert "for localhost" in checked.steps[-3].reply
    assert checked.steps[-1].did == "AUTH PLAIN as me, password hidden"
    assert checked.steps[-1].reply.startswith("235")
    assert not server.accepted
    assert not [command for command in server.commands if command.startswith(("MAIL", "RCPT", "DATA"))]


def test_a_relay_that_repeats_the_password_does_not_bring_it_onto_the_page(
    tls: ssl.SSLContext, trusted: None
) -> None:
    def parrot(step: smtp_server.Step) -> str | None:
        return f"535 5.7.8 I do not like {step.line} of hush" if step.verb == "AUTH" else None

    with smtp_server.running(parrot, tls=tls, offers=AUTH) as server:
        checked = look(server, "smtp+starttls://me:hush@localhost:{port}")
    shown = str(checked)
    assert not checked.works
    assert "%40" in checked.advice
    assert "hush" not in shown
    assert "AG1lAGh1c2g=" not in shown


def test_a_certificate_that_nobody_vouches_for_ends_the_check_with_what_to_do(tls: ssl.SSLContext) -> None:
    with smtp_server.running(tls=tls, offers=AUTH) as server:
        checked = look(server, "smtp+starttls://localhost:{port}")
    assert (checked.steps[-1].kind, checked.steps[-1].ok) == (Kind.CERTIFICATE, False)
    assert "certificate" in checked.problem
    assert "SMTP_URL" in checked.advice


def test_a_missing_starttls_a_refused_greeting_and_a_dead_port_are_told_apart() -> None:
    with smtp_server.running() as server:
        bare = look(server, "smtp+starttls://localhost:{port}")
    with smtp_server.running(lambda step: "554 go away" if step.verb == "greeting" else None) as server:
        refused = look(server, "smtp://localhost:{port}")
    dead = check(RelayAddress.parse(f"smtp://127.0.0.1:{closed_port()}"), helo_name="a.b", seconds=5)
    assert "offers no STARTTLS" in bare.problem
    assert (refused.steps[-1].kind, refused.steps[-1].reply) == (Kind.GREETING, "554 go away")
    assert "this machine's address" in refused.advice
    assert (dead.steps[-1].kind, "firewall" in dead.advice) == (Kind.CONNECT, True)


def test_a_name_that_leads_nowhere_is_said_at_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> list[object]:
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    checked = check(RelayAddress.parse("smtp://gone.example"), helo_name="a.b", seconds=5)
    assert (kinds(checked), "leads to no address" in checked.problem) == ([Kind.NAME], True)


# Without an end of its own each would hold a page for five minutes (RFC 5321 4.5.3.2).
@pytest.mark.timeout(20)
@pytest.mark.parametrize("act", [STALL, TRICKLE])
def test_a_relay_that_says_nothing_or_next_to_nothing_is_not_waited_for(act: str) -> None:
    with smtp_server.running(lambda step: act if step.verb == "greeting" else None) as server:
        checked = look(server, "smtp://localhost:{port}", seconds=1)
    assert not checked.works
    assert checked.steps[-1].kind is Kind.GREETING


def test_what_might_be_better_is_said_of_a_relay_that_works() -> None:
    with smtp_server.running(offers=("SIZE 50000",)) as server:
        checked = look(server, "smtp://localhost:{port}", helo_name="box")
    assert checked.works
    remarks = " ".join(checked.remarks)
    assert "“box”" in remarks
    assert "50,000 bytes" in remarks
