"""Relays that lie, babble or know too little: a clear state and reason on the row, and the rest goes on."""

import logging
import ssl
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, text

from service.db import Sessions, transaction
from service.delivery.engine import DeliveryEngine, DeliveryReport
from service.delivery.models import MessageState, Relay, Stream
from service.delivery.smtp import Deadlines
from service.settings import RelayAddress
from tests.fakes import smtp_server
from tests.fakes.smtp_server import DROP, RESET, TRICKLE, Script, SmtpServer, Step
from tests.integration.delivery.world import (
    QUICK,
    Composer,
    account,
    address_of,
    engine,
    hash_of,
    mail_to,
    plan,
    states,
)

BULK = [Stream.DIGEST, Stream.BLAST]
COUNT = 8
#: The reader whose mail meets the trouble.
BAD = 3
IMPATIENT = Deadlines(
    connect=1, greeting=1, helo=1, mail=1, rcpt=1, data=1, block=5, dot=1, reset=1, quit=0.5
)
ENDLESS = "\r\n".join(["250-and another"] * 300)
CERTIFICATE = Path(smtp_server.__file__).parent / "tls" / "localhost.pem"
LINE = "A line of an enormous blast, as nobody should send it but somebody will.\n"
#: 10 MB as text, and as much as HTML.
LINES = 10_000_000 // len(LINE)


class OneIsBig(Composer):
    """Composes 20 MB for one reader, a few words for everybody else."""

    def _one(self, message):  # type: ignore[no-untyped-def]  # as in Composer
        ready = super()._one(message)
        if message.subscription_id != BAD:
            return ready
        big = mail_to(address_of(BAD), text=LINE * LINES)
        return type(ready)(message, big, hash_of(address_of(BAD)))


def for_one(verb: str, reply: str, *, times: int = 10**6) -> Script:
    """Answer so to one reader's mail, at one command."""
    left = [times]

    def script(step: Step) -> str | None:
        if step.verb == verb and address_of(BAD) in step.recipient + step.line and left[0] > 0:
            left[0] -= 1
            return reply
        return None

    return script


def deliver_patiently(sender: DeliveryEngine, sessions: Sessions, *, rounds: int = 3) -> list[DeliveryReport]:
    """Deliver; whatever is to be tried again is tried at once, and a relay does not rest."""
    reports = []
    for _ in range(rounds):
        reports.append(sender.deliver(BULK))
        with transaction(sessions) as session:
            session.execute(text("UPDATE messages SET due_at = now() WHERE state = 'deferred'"))
            session.execute(text("UPDATE relays SET closed_until = now()"))
    return reports


def check_the_rest(server: SmtpServer, sessions: Sessions, mailing_id: int) -> None:
    """Assert that everybody else has the mail once, and the one at most once."""
    taken = Counter(server.recipients)
    found = states(sessions)
    for n in set(range(COUNT)) - {BAD}:
        assert found[n][0] is MessageState.SENT, f"reader {n} is {found[n]}"
        assert taken[address_of(n)] == 1
    assert taken[address_of(BAD)] <= 1
    account(sessions, mailing_id)


def problem(sessions: Sessions) -> str:
    with sessions() as session:
        return session.scalars(select(Relay.problem)).one() or ""


def test_a_relay_that_offers_nothing_gets_everything_one_command_at_a_time(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running(
        lambda step: "502 5.5.1 what?" if step.verb == "EHLO" else None, offers=()
    ) as server:
        assert engine(committing, server, tmp_path).deliver(BULK).sent == COUNT
    assert not any("SIZE=" in line or "BODY=" in line for line in server.commands)
    assert sorted(server.recipients) == sorted(map(address_of, range(COUNT)))
    assert account(committing, mailing_id).sent == COUNT


@pytest.mark.parametrize(
    "offers", [("SMTPUTF8", "8BITMIME"), ("PIPELINING", "SIZE"), ("PIPELINING", "SIZE 0")]
)
def test_a_blast_of_20_mb_arrives_whole_where_the_relay_names_no_limit(
    committing: Sessions, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running(offers=offers) as server:
        assert engine(committing, server, tmp_path, compose=OneIsBig()).deliver(BULK).sent == COUNT
    (big,) = [each for each in server.accepted if each.recipient == address_of(BAD)]
    assert len(big.raw) > 20_000_000
    assert big.raw.count(b"as nobody should send it") == 2 * LINES
    assert account(committing, mailing_id).sent == COUNT


@pytest.mark.parametrize(
    "reply", ["552 5.3.4 message too big", "552 too much mail data", "554 5.3.4 too big"]
)
def test_a_relay_that_lied_about_its_limit_fails_the_one_mail_with_its_reason(
    committing: Sessions, tmp_path: Path, reply: str
) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running(for_one("DOT", reply), offers=("PIPELINING", "SIZE 99999999")) as server:
        deliver_patiently(engine(committing, server, tmp_path, compose=OneIsBig()), committing)
    state, reason = states(committing)[BAD]
    assert (state, bool(reason)) == (MessageState.FAILED, True)
    assert address_of(BAD) not in server.recipients
    check_the_rest(server, committing, mailing_id)
    with committing() as session:
        words = session.execute(text("SELECT reply FROM attempts WHERE outcome = 'failed'")).scalars().all()
        assert session.execute(text("SELECT count(*) FROM suppressions WHERE list_id = 0")).scalar() == 0
    assert any(reply.rpartition(" ")[2] in each for each in words)


@pytest.mark.parametrize("hang_up", [DROP, RESET])
def test_a_relay_that_hangs_up_on_every_big_mail_does_not_stop_the_others(
    committing: Sessions, tmp_path: Path, hang_up: str
) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running(for_one("BODY", hang_up), offers=("PIPELINING",)) as server:
        deliver_patiently(engine(committing, server, tmp_path, compose=OneIsBig()), committing, rounds=6)
    state, reason = states(committing)[BAD]
    assert state in {MessageState.DEFERRED, MessageState.UNKNOWN, MessageState.FAILED}
    assert reason
    check_the_rest(server, committing, mailing_id)


TROUBLE = {
    "a byte now and then": TRICKLE,
    "lines without end": ENDLESS,
    "another protocol": "HTTP/1.1 400 Bad Request",
    "no text at all": "",
    "bytes that are no text": "\x00\x7f\x00",
    "a code that does not exist": "999 what",
    "a reply to another question": "354 go on",
}


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("trouble", TROUBLE)
def test_an_answer_that_makes_no_sense_concerns_one_mail(
    committing: Sessions, tmp_path: Path, verb: str, trouble: str
) -> None:
    if (verb, trouble) == ("DATA", "a reply to another question"):
        pytest.skip("354 is the answer to DATA")
    mailing_id = plan(committing, COUNT)
    reply = TROUBLE[trouble] or "\r\n"
    script = _one_mail(verb, reply)
    with smtp_server.running(script) as server:
        deliver_patiently(
            engine(committing, server, tmp_path, deadlines=IMPATIENT, window=COUNT), committing, rounds=4
        )
    found = states(committing)
    unknown = [n for n, (state, _) in found.items() if state is MessageState.UNKNOWN]
    assert len(unknown) <= (verb == "DOT")
    assert all(reason for state, reason in found.values() if state is not MessageState.SENT)
    taken = Counter(server.recipients)
    assert all(taken[address_of(n)] == 1 for n, (state, _) in found.items() if state is MessageState.SENT)
    assert sum(state is MessageState.SENT for state, _ in found.values()) >= COUNT - 1
    assert max(taken.values()) == 1
    account(committing, mailing_id)


def _one_mail(verb: str, reply: str) -> Script:
    """Answer so once, in the middle of the mailing."""
    left = [1]

    def script(step: Step) -> str | None:
        if step.verb == verb and step.total >= 3 and left[0]:
            left[0] = 0
            return reply
        return None

    return script


def test_a_relay_that_takes_data_for_nobody_gets_no_mail_for_him(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, COUNT)
    with smtp_server.running(for_one("RCPT", "550 5.1.1 no such user"), takes_data_for_nobody=True) as server:
        deliver_patiently(engine(committing, server, tmp_path), committing)
    assert states(committing)[BAD][0] is MessageState.FAILED
    assert address_of(BAD) not in server.recipients
    check_the_rest(server, committing, mailing_id)


def test_a_name_that_the_relay_cannot_carry_fails_alone(
    committing: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(committing, COUNT)
    monkeypatch.setattr(
        "tests.integration.delivery.world.address_of",
        lambda n: "jörg@example.org" if n == BAD else address_of(n),
    )
    with smtp_server.running() as server:
        report = engine(committing, server, tmp_path).deliver(BULK)
    assert states(committing)[BAD] == (MessageState.FAILED, "needs_smtputf8")
    assert (report.sent, len(server.accepted)) == (COUNT - 1, COUNT - 1)


def _untouched(sessions: Sessions, mailing_id: int) -> bool:
    with sessions() as session:
        tried = session.execute(text("SELECT count(*) FROM messages WHERE attempts > 0")).scalar()
    return tried == 0 and account(sessions, mailing_id).pending == COUNT


def test_a_wrong_certificate_stops_everything_and_says_so(
    committing: Sessions, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mailing_id = plan(committing, COUNT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with smtp_server.running(tls=context, offers=("STARTTLS",)) as server, caplog.at_level(logging.WARNING):
        relay = RelayAddress.parse(f"smtp+starttls://localhost:{server.port}")
        report = _engine(committing, relay, tmp_path).deliver(BULK)
    assert "certificate is not valid" in report.problem
    assert "certificate is not valid" in problem(committing)
    assert "certificate is not valid" in caplog.text
    assert server.accepted == []
    assert _untouched(committing, mailing_id)


def test_a_wrong_password_stops_everything_and_is_never_told(
    committing: Sessions, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mailing_id = plan(committing, COUNT)
    with (
        smtp_server.running(
            lambda step: "535 5.7.8 bad credentials" if step.verb == "AUTH" else None, offers=("AUTH PLAIN",)
        ) as server,
        caplog.at_level(logging.DEBUG),
    ):
        relay = RelayAddress.parse(f"smtp://ann:open-sesame@127.0.0.1:{server.port}")
        report = _engine(committing, relay, tmp_path).deliver(BULK)
    assert "login (535)" in report.problem
    assert "login (535)" in problem(committing)
    assert "open-sesame" not in caplog.text + report.problem + problem(committing)
    assert _untouched(committing, mailing_id)


def _engine(sessions: Sessions, relay: RelayAddress, folder: Path) -> DeliveryEngine:
    return DeliveryEngine(
        sessions, Composer(), relays=[relay], helo_name="sender.test", journals=folder, deadlines=QUICK
    )
