"""Header blocks as forms: what a newsletter's mails share is written, folded and checked once.

A form has blanks for what differs from text to text (Subject, Date, boundary) and from reader to reader (To,
Message-ID, List-Unsubscribe); the same again in the relaxed form that DKIM signs (RFC 6376 3.4.2).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from service.delivery import dkim, headers
from service.delivery.headers import Header
from service.delivery.ports import ListHeaders, Mail, Unsigned
from service.emails.splice import MARK
from service.errors import InvalidInput

_TO, _ID, _URL, _SUBJECT, _DATE, _BOUNDARY = (f"\0{number}\0".encode() for number in range(6))
_BLANK = re.compile(rb"\0(\d)\0")
#: Names of a block that is laid out as ours are: anything else at the start of a line is a name as well.
_NAMES = re.compile(rb"(?:\A|\r\n)(?![ \t])([^:\r\n]*)")

_IN_PARTS: list[Header] = [("Content-Type", b'multipart/alternative;\r\n boundary="' + _BOUNDARY + b'"')]
_TEXT_ALONE: list[Header] = [
    ("Content-Type", b"text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", b"quoted-printable"),
]


@dataclass(frozen=True, slots=True)
class _Blanks:
    """Bytes with numbered blanks, as a format for `%`: the quickest way there is to fill them."""

    template: bytes
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, text: bytes) -> "_Blanks":
        parts = _BLANK.split(text)
        template = b"%b".join([part.replace(b"%", b"%%") for part in parts[::2]])
        return cls(template, tuple(map(int, parts[1::2])))

    def fill(self, values: list[bytes]) -> bytes:
        return self.template % tuple([values[number] for number in self.numbers])


@dataclass(frozen=True, slots=True)
class Form:
    """The header block of a newsletter's mails, and what a signature will go over."""

    block: _Blanks
    covered: _Blanks
    #: Line ends of the block while its blanks are empty.
    lines: int
    listed: bytes
    #: Of From.
    domain: str


def fill(mail: Mail, *, message_id: str) -> Unsigned:
    """Write one mail's header block.

    :raises InvalidInput: a value cannot be put into a mail; only this message is broken.
    """
    head, url = mail.head, mail.unsubscribe_url
    if (head.list is None) is not (url is None):
        raise InvalidInput("A mail of a list, and no other, names its reader's way out.")
    form = _form(
        head.from_name,
        head.from_address,
        head.reply_to,
        head.feedback_id,
        head.auto_submitted,
        head.list,
        url is not None and headers.may_one_click(url),
        bool(mail.body.boundary),
    )
    subject, relaxed_subject = _subject(head.subject)
    recipient = headers.ascii_domain(mail.to_address)
    values = [
        recipient.encode(),
        headers.message_id(message_id),
        b"" if url is None else headers.url(url),
        subject,
        _date(head.date),
        mail.body.boundary,
    ]
    block = form.block.fill(values)
    check(block, lines=form.lines + subject.count(b"\r\n"))
    values[3] = relaxed_subject
    return Unsigned(
        block,
        mail.body,
        form.covered.fill(values),
        form.listed,
        recipient,
        form.domain,
        head.date,
        b"".join((block, b"\r\n", *mail.body.chunks)),
    )


def check(block: bytes, *, lines: int) -> None:
    """Make sure that a filled block has the lines that it should have and no other.

    The names of the form were looked at when it was drawn; a value could only add lines to them.

    :raises InvalidInput: it did, or an encoded-word stands where none may be.
    """
    if not block.count(b"\r\n") == block.count(b"\n") == block.count(b"\r") == lines or b"\0" in block:
        raise InvalidInput("A value tried to add or end a header.")
    # What allows an encoded-word (RFC 2047 5), From and Subject, stands above.
    if b"=?" in block.partition(b"\r\nDate: ")[2]:
        raise InvalidInput("A header that allows no encoded-word would hold one.")


@lru_cache(maxsize=256)
def _form(
    from_name: str,
    from_address: str,
    reply_to: str,
    feedback_id: str,
    auto_submitted: bool,  # the key of the cache, position by position
    listed: ListHeaders | None,
    one_click: bool,
    in_parts: bool,
) -> Form:
    domain = headers.domain_of(from_address)
    lines: list[Header] = [
        ("From", headers.mailbox("From", from_name, from_address)),
        ("To", _TO),
        ("Subject", _SUBJECT),
        ("Date", _DATE),
        ("Message-ID", b"<" + _ID + b"@" + domain.encode() + b">"),
        ("Reply-To", headers.ascii_domain(reply_to or from_address).encode()),
    ]
    if listed is not None:
        lines += headers.list_headers(listed, unsubscribe=_URL, one_click=one_click)
    if feedback_id:
        lines.append(("Feedback-ID", headers.feedback_id(feedback_id)))
    if auto_submitted:
        lines.append(("Auto-Submitted", b"auto-generated"))
    lines += [("MIME-Version", b"1.0"), *(_IN_PARTS if in_parts else _TEXT_ALONE)]
    return _drawn(lines, domain=domain)


def _drawn(lines: list[Header], *, domain: str) -> Form:
    block = b"".join([name.encode() + b": " + value + b"\r\n" for name, value in lines])
    # The line end of the last header is followed by one more name, which is empty.
    if _NAMES.findall(block) != [*(name.encode() for name, _ in lines), b""]:
        raise InvalidInput("A value tried to add or end a header.")
    covered = dkim.covered_headers(block)
    return Form(
        block=_Blanks.of(block),
        covered=_Blanks.of(b"".join([name + b":" + value + b"\r\n" for name, value in covered])),
        lines=block.count(b"\r\n"),
        listed=dkim.listed(tuple(name for name, _ in covered)),
        domain=domain,
    )


@lru_cache(maxsize=512)
def _subject(value: str) -> tuple[bytes, bytes]:
    """Return a subject folded, and relaxed."""
    folded = headers.unstructured("Subject", value)
    if MARK in value or b"\r\n" in folded.replace(b"\r\n ", b" "):
        raise InvalidInput("A subject holds a placeholder, or tried to end its header.")
    return folded, folded.replace(b"\r\n ", b" ")


@lru_cache(maxsize=64)
def _date(value: datetime) -> bytes:
    return headers.date(value)
