"""What delivery needs from above, as types: it asks for batches and never learns who the readers are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.delivery.due import Due
from service.emails.letters import EmailContent


@dataclass(frozen=True, slots=True)
class ListHeaders:
    """The list a mail belongs to (RFC 2369, 2919, 8058); absent from transactional mail."""

    #: `slug.domain`, stable for ever.
    list_id: str
    name: str
    #: One HTTPS address: GET shows a page, POST unsubscribes.
    unsubscribe_url: str
    #: Sign-up page.
    archive_url: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything that the bytes of one mail are made from; equal mails make equal bytes."""

    to_address: str
    from_name: str
    from_address: str
    reply_to: str
    content: EmailContent
    date: datetime
    #: Campaign:topic:type:sender for Feedback-ID; never per recipient.
    feedback_id: str
    list_headers: ListHeaders | None = None
    #: RFC 3834: on digests, which a schedule sent; not on what a person caused.
    auto_submitted: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """This message can go out."""

    message: Due
    mail: Mail
    #: For the last look at the suppression list before MAIL FROM.
    address_hash: bytes


@dataclass(frozen=True, slots=True)
class Skip:
    """This message must not go out; the reason is one stable word: unsubscribed, suppressed, erased, ..."""

    message: Due
    reason: str


class Signer(Protocol):
    """Signs a mail for the domain that its From shows, or leaves it as it is where we have no key."""

    def sign(self, raw: bytes, *, domain: str, date: datetime) -> bytes:
        """Return the bytes that go out.

        :raises KeyUnusable: we have a key and cannot use it; nobody gets mail until it is mended.
        """
        ...


class Prepare(Protocol):
    """The one batch port: look up addresses, compose, or say why not. Opens its own short transaction."""

    def __call__(self, messages: Sequence[Due]) -> list[Ready | Skip]: ...
