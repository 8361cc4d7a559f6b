"""A ledger full of messages, a port that composes them, and a short way to send."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import accounting, claims, ledger, mailings, mime
from service.delivery.accounting import Account
from service.delivery.due import Due
from service.delivery.engine import DeliveryEngine
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, Message, MessageState, Stream
from service.delivery.ports import Head, ListHeaders, Mail, Ready, Skip
from service.delivery.smtp import Deadlines
from service.emails.letters import EmailContent
from service.settings import RelayAddress
from tests.fakes.smtp_server import SmtpServer

DATE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
QUICK = Deadlines(connect=2, greeting=2, helo=2, mail=2, rcpt=2, data=2, block=2, dot=2, reset=2, quit=0.5)


def utc() -> datetime:
    return datetime.now(UTC)


def address_of(n: int) -> str:
    return f"reader{n}@example.org"


def hash_of(address: str) -> bytes:
    return hashlib.sha256(address.encode()).digest()


def mail_to(address: str, *, text: str = "Hello") -> Mail:
    head = Head(
        from_name="The Courier",
        from_address="news@courier.example",
        reply_to="desk@courier.example",
        subject="Today's news",
        date=DATE,
        feedback_id="blast-1:all:blast:courier",
        list=ListHeaders("courier.courier.example", "The Courier", "https://courier.example/"),
    )
    body = mime.body_of(EmailContent("", text, f"<p>{text}</p>"))
    return Mail(head, address, "https://courier.example/u/abc", body)


class Composer:
    """The port: skips whom it is told to, breaks on whom it is told to."""

    def __init__(self, *, skip: set[int] = frozenset(), broken: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self.skip, self.broken = skip, broken
        self.then: list[Any] = []

    def __call__(self, messages: Sequence[Message]) -> list[Ready | Skip]:
        answers = [self._one(message) for message in messages]
        while self.then:
            self.then.pop()()
        return answers

    def _one(self, message: Message) -> Ready | Skip:
        n = message.subscription_id or 0
        if n in self.broken:
            raise ValueError("no template for this")
        if n in self.skip:
            return Skip(message, "unsubscribed")
        return Ready(message, mail_to(address_of(n)), hash_of(address_of(n)))


def plan(
    sessions: Sessions, count: int, *, stream: Stream = Stream.BLAST, cause: str = "blast 1", **values: Any
) -> int:
    """Plan messages to reader0, reader1, ... and return the mailing's id."""
    with transaction(sessions) as session:
        mailing = mailings.open_mailing(
            session, stream=stream, cause=cause, title=cause, list_id=1, now=utc()
        )
        rows = [
            NewMessage(f"s {n}", "blast", utc(), subscription_id=n, subscriber_id=n, **values)
            for n in range(count)
        ]
        ledger.put(session, mailing, rows, now=utc())
        mailing.planned = True
        return mailing.id


def engine(
    sessions: Sessions,
    server: SmtpServer,
    folder: Path,
    *,
    compose: Any = None,
    connections: int = 1,
    **values: Any,
) -> DeliveryEngine:
    """Return an engine with one connection, so that a script knows what comes next, or with several."""
    relay = RelayAddress.parse(f"smtp://127.0.0.1:{server.port}?connections={connections}")
    return DeliveryEngine(
        sessions,
        compose or Composer(),
        relays=[relay],
        helo_name="sender.test",
        journals=folder,
        **{"deadlines": QUICK, **values},
    )


def states(sessions: Sessions) -> dict[int, tuple[MessageState, str]]:
    with sessions() as session:
        rows = session.execute(select(Message.subscription_id, Message.state, Message.reason))
        return {n: (state, reason) for n, state, reason in rows}


def account(sessions: Sessions, mailing_id: int) -> Account:
    """Return the account, after making sure that the counters are what the rows say."""
    with sessions() as session:
        found = accounting.accounts(session, [mailing_id])[mailing_id]
        assert found == accounting.recount(session, mailing_id)
        assert found.adds_up
        return found


def mailing_of(sessions: Sessions, mailing_id: int) -> Mailing:
    with sessions() as session:
        return session.get_one(Mailing, mailing_id)


def claim(
    session: Session,
    stream: Stream,
    *,
    owner: str,
    limit: int,
    seconds: float = 60,
    now: datetime | None = None,
) -> list[Due]:
    """Take what is due as a sender does, without composing it."""
    rows = claims.pick(session, stream, limit=limit, now=now or utc(), after={})
    hashes = {(row.mailing_id, row.id): hash_of(address_of(row.subscription_id or 0)) for row in rows}
    claims.begin(session, hashes, owner=owner, seconds=seconds, now=now or utc())
    return rows
