"""What the relay received is signed, and a key that cannot sign costs no reader anything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from service.db import Sessions, transaction
from service.delivery import mime
from service.delivery.dkim_keys import KeyFolder
from service.delivery.keyring import Keyring
from service.delivery.models import Message, MessageState, Relay, Stream
from service.delivery.ports import Ready, Skip
from service.emails.letters import EmailContent
from tests.dkim_oracle import a_key, holds
from tests.fakes import smtp_server
from tests.integration.delivery.world import Composer, account, engine, plan, states, utc

BULK = [Stream.DIGEST, Stream.BLAST]
DATE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXT = "Grüße \n\n.\n..\nFrom here on\n  two  spaces \n\n\n"


class Worded(Composer):
    """Mails with everything that a way through SMTP could harm, dated before the verifier's now."""

    def __init__(self, *, domain: str = "courier.example") -> None:
        super().__init__()
        self.domain = domain

    def __call__(self, messages: Sequence[Message]) -> list[Ready | Skip]:
        return [self._worded(each) for each in super().__call__(messages) if isinstance(each, Ready)]

    def _worded(self, ready: Ready) -> Ready:
        subject = "Überall " + "lang " * 40
        head = replace(ready.mail.head, subject=subject, date=DATE, from_address=f"news@{self.domain}")
        body = mime.body_of(EmailContent(subject, TEXT, f"<p>{TEXT}</p>"))
        return ready._replace(mail=ready.mail._replace(head=head, body=body))


def ring_in(folder: Path, *selectors: str) -> Keyring:
    """Return a ring whose last key is active; it looks at the folder each time."""
    keys = KeyFolder(folder / "keys")
    for selector in selectors:
        keys.add(a_key(selector))
        keys.activate("courier.example", selector)
    return Keyring(keys)


def test_what_the_relay_received_verifies_and_no_change_to_it_does(
    committing: Sessions, tmp_path: Path
) -> None:
    plan(committing, 3)
    ring = ring_in(tmp_path, "first")
    with smtp_server.running() as server:
        engine(committing, server, tmp_path / "j", compose=Worded(), signer=ring).deliver(BULK)
    assert len(server.accepted) == 3
    for each in server.accepted:
        assert holds(each.raw, a_key("first"))
    raw = server.accepted[0].raw
    for old, new in [
        (b"\r\nList-Unsubscribe: <https://", b"\r\nList-Unsubscribe: <https://x."),
        (b"=One-Click", b"=Some-Click"),
        (b"\r\nSubject: ", b"\r\nSubject: x"),
        (b"\r\nFrom: ", b"\r\nFrom: x"),
    ]:
        assert raw.count(old) == 1
        assert not holds(raw.replace(old, new), a_key("first"))
    for line in (b"Subject: Free money", b"From: Somebody <evil@example.com>"):
        assert not holds(line + b"\r\n" + raw, a_key("first"))


def test_a_mail_deferred_and_tried_again_is_the_same_signed_bytes(
    committing: Sessions, tmp_path: Path
) -> None:
    plan(committing, 1)
    seen: list[str] = []
    ring = ring_in(tmp_path, "first")

    def once(step: smtp_server.Step) -> str | None:
        if step.verb != "DOT":
            return None
        seen.append("dot")
        return "take+451 4.3.0 later" if len(seen) == 1 else None

    with smtp_server.running(once) as server:
        engine(committing, server, tmp_path / "j", compose=Worded(), signer=ring).deliver(BULK)
        with transaction(committing) as session:
            session.execute(update(Message).values(due_at=utc() - timedelta(seconds=1)))
        # Another process would have a ring of its own.
        again = Keyring(ring.folder)
        engine(committing, server, tmp_path / "j", compose=Worded(), signer=again).deliver(BULK)
    first, second = server.accepted
    assert first.raw == second.raw
    assert holds(first.raw, a_key("first"))


def test_mails_of_a_domain_without_a_key_go_out_unsigned(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 1)
    ring = ring_in(tmp_path, "first")
    with smtp_server.running() as server:
        compose = Worded(domain="other.example")
        engine(committing, server, tmp_path / "j", compose=compose, signer=ring).deliver(BULK)
    assert b"DKIM-Signature" not in server.accepted[0].raw


def test_a_broken_key_holds_mail_back_until_it_is_mended_and_no_reader_is_to_blame(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 5)
    ring = ring_in(tmp_path, "first", "second")
    file = ring.folder.file("courier.example", "second")
    file.write_text("not a key")
    with smtp_server.running() as server:
        sender = engine(committing, server, tmp_path / "j", compose=Worded(), signer=ring)
        for _ in range(2):
            report = sender.deliver(BULK)
        assert server.accepted == []
        with committing() as session:
            relay = session.scalars(select(Relay)).one()
            attempts = session.scalars(select(Message.attempts)).all()
        assert relay.problem is not None
        assert str(file) in relay.problem
        assert relay.closed_until is not None
        assert relay.closed_until <= utc() + timedelta(minutes=1)
        assert set(attempts) == {0}
        assert {state for state, _ in states(committing).values()} == {MessageState.PLANNED}
        assert account(committing, mailing_id).pending == 5

        ring.folder.activate("courier.example", "first")
        with transaction(committing) as session:
            session.execute(update(Relay).values(closed_until=utc()))
        report = sender.deliver(BULK)
    assert (report.sent, report.problem) == (5, "")
    assert all(holds(each.raw, a_key("first")) for each in server.accepted)
    with committing() as session:
        assert session.scalars(select(Relay.problem)).one() is None
