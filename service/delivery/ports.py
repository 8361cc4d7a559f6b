"""What delivery needs from above, as types: it asks for batches and never learns who the readers are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from service.delivery.due import Due


@dataclass(frozen=True, slots=True)
class ListHeaders:
    """The list a mail belongs to (RFC 2369, 2919, 8058), but for each reader's own way out of it."""

    #: `slug.domain`, stable for ever.
    list_id: str
    name: str
    #: Sign-up page.
    archive_url: str


@dataclass(frozen=True, slots=True)
class Head:
    """What the mails made from one text have in common above it."""

    from_name: str
    from_address: str
    reply_to: str
    subject: str
    date: datetime
    #: Campaign:topic:type:sender for Feedback-ID; never per recipient.
    feedback_id: str = ""
    #: RFC 3834: on digests, which a schedule sent; not on what a person caused.
    auto_submitted: bool = False
    #: Absent from transactional mail.
    list: ListHeaders | None = None


class Body(NamedTuple):
    """A multipart/alternative as it goes out, from its first boundary to its last line end; see `mime`.

    Without a boundary it is the text alone.
    """

    boundary: bytes
    #: In the order of the wire; joined once, with the header block.
    chunks: tuple[bytes, ...]
    #: It is its own relaxed form under DKIM (RFC 6376 3.4.4), and need not be searched for it.
    canonical: bool

    @property
    def raw(self) -> bytes:
        """All of it in one piece."""
        return b"".join(self.chunks)


class Mail(NamedTuple):
    """Everything that the bytes of one mail are made from; equal mails make equal bytes."""

    head: Head
    to_address: str
    #: One address, for a mail of a list only: GET shows a page, POST unsubscribes.
    unsubscribe_url: str | None
    body: Body


class Unsigned(NamedTuple):
    """A mail ready to be signed, with what a signature goes over worked out already."""

    #: The header block with its last line end.
    block: bytes
    body: Body
    #: The covered headers in their relaxed form, in the order in which they are signed.
    covered: bytes
    #: The names of h=, folded.
    listed: bytes
    #: The address in To, its domain as an A-label.
    recipient: str
    #: Of From.
    domain: str
    date: datetime
    #: The mail as it goes out where it is not signed.
    raw: bytes


class Ready(NamedTuple):
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
    #: It waits until whoever planned it has made it anew, and is not done with.
    hold: bool = False


class Signer(Protocol):
    """Signs a mail for the domain that its From shows, or leaves it as it is where we have no key."""

    def sign(self, mail: Unsigned) -> bytes:
        """Return the bytes that go out.

        :raises KeyUnusable: we have a key and cannot use it; nobody gets mail until it is mended.
        """
        ...


class Prepare(Protocol):
    """The one batch port: look up addresses, compose, or say why not. Opens its own short transaction."""

    def __call__(self, messages: Sequence[Due]) -> list[Ready | Skip]: ...
