"""As whom a blast is looked at, and how it stands in an inbox."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.blasts.models import Blast
from service.emails.sanitising import shortened
from service.errors import InvalidInput
from service.subscribers import addresses
from service.subscribers.models import Subscriber, Subscription

#: What inboxes show of a line: phones, and programs on a desk.
PHONE, DESK = 40, 90


@dataclass(frozen=True, slots=True)
class Seen:
    """The reader that the page asks for; without one the blast is nobody's."""

    reader: Subscription | None = None
    #: Why there is none, in a sentence.
    problem: str = ""
    #: It was asked for by address, which must not stay in the browser's history.
    address_in_url: bool = False

    @property
    def masked(self) -> str:
        return addresses.mask(self.reader.subscriber.email) if self.reader else ""

    def kept(self) -> dict[str, Any]:
        """Return what keeps the reader in the next address."""
        return {"reader": self.reader.id} if self.reader else {}

    def url(self, endpoint: str, *, blast_id: int) -> str:
        return url_for(endpoint, blast_id=blast_id, _anchor="preview", **self.kept())


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A blast in a list of mails."""

    where: str
    sender: str
    subject: str
    first_line: str


def chosen(session: Session, blast: Blast) -> Seen:
    """Find the reader of this blast's newsletter that the page or form names, by number or address."""
    asked = request.values.get("reader", "").strip()
    if not asked:
        return Seen()
    by_number = asked.isdecimal() and len(asked) < 16
    query = select(Subscription).where(Subscription.newsletter_id == blast.newsletter_id)
    try:
        if by_number:
            query = query.where(Subscription.id == int(asked))
        else:
            query = query.join(Subscriber).where(Subscriber.email_key == addresses.parse(asked).key)
    except InvalidInput as error:
        return Seen(problem=str(error))
    reader = session.scalars(query).unique().one_or_none()
    if reader is None:
        return Seen(problem=f"{blast.newsletter.name} has no reader with this address.")
    return Seen(reader, address_in_url=not by_number)


def inbox(blast: Blast) -> list[InboxLine]:
    """Return how a blast stands in an inbox, cut as inboxes cut."""
    first_line = blast.preheader or f"A message to the readers of {blast.newsletter.name}"
    sender, subject = blast.newsletter.sender.name, blast.subject or "(no subject yet)"
    return [
        InboxLine(where, sender, shortened(subject, most), shortened(first_line, most))
        for where, most in (("Phone", PHONE), ("Desktop", DESK))
    ]
