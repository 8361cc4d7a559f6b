"""Header lines as bytes, by hand: EmailMessage breaks long List-Unsubscribe tokens.

Every value passes `header_text`; structured headers never hold an encoded-word (RFC 2047 section 5).
"""

import base64
import re
import unicodedata
from datetime import UTC, datetime
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from service.delivery.ports import ListHeaders
from service.emails.sanitising import header_text
from service.errors import InvalidInput

#: A header line, by its name and its folded value.
Header = tuple[str, bytes]

_ATOM_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_LOCAL_PART = re.compile(r"[^\s\x00-\x1f\x7f-\x9f<>()\[\],;:\\\"@]+")
_HOST_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?")
_URL = re.compile(r"https?://[!#-;=?-~]+")
_LOOPBACK_URL = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])[:/]")
_LIST_LABEL = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]+")
_FEEDBACK = re.compile(r"[A-Za-z0-9._ -]*(:[A-Za-z0-9._ -]*){0,3}")
#: RFC 2047: an encoded-word is at most 75 characters long, and a line that holds one at most 76.
_WORD = 75
_LINE = 76


def list_headers(values: ListHeaders, *, unsubscribe: bytes, one_click: bool) -> list[Header]:
    """Return RFC 2369, 2919 and 8058 headers; one-click only over HTTPS, as RFC 8058 demands."""
    label = header_text(values.list_id)
    if not _LIST_LABEL.fullmatch(label):
        raise InvalidInput("A List-Id is a name like topic.news.example.org.")
    phrase = ascii_text(header_text(values.name, limit=120))
    home = url(values.archive_url)
    headers = [
        ("List-Id", (f"{_quoted(phrase)} " if phrase else "").encode() + f"<{label}>".encode()),
        ("List-Unsubscribe", unsubscribe),
    ]
    if one_click:
        headers.append(("List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"))
    return [*headers, ("List-Help", home), ("List-Subscribe", home), ("List-Post", b"NO")]


def mailbox(header: str, name: str, address: str) -> bytes:
    """Return `name <address>`, the name quoted or encoded as it needs."""
    name, address = header_text(name, limit=120), ascii_domain(address)
    if not name:
        return address.encode()
    if not name.isascii():
        return encoded_words(name, first_line=_LINE - len(header) - 2) + f"\r\n <{address}>".encode()
    phrase = name if _ATOM_PHRASE.fullmatch(name) else _quoted(name)
    fold = "\r\n " if len(header) + len(phrase) + len(address) > _LINE - 5 else " "
    return f"{phrase}{fold}<{address}>".encode()


def unstructured(header: str, value: str) -> bytes:
    """Return free text, folded at spaces, or in encoded-words where it is not ASCII."""
    value = header_text(value)
    if not value.isascii():
        return encoded_words(value, first_line=_LINE - len(header) - 2)
    lines, room = [""], _LINE - len(header) - 2
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = _LINE - 1
        lines[-1] += f" {word}" if lines[-1] else word
    return "\r\n ".join(lines).encode()


def encoded_words(value: str, *, first_line: int) -> bytes:
    """Encode text as RFC 2047 words of whole characters, each on its own line."""
    words: list[bytes] = []
    room, start = min(first_line, _WORD), 0
    while start < len(value):
        # "=?utf-8?b??=" takes 12 characters; base64 makes four of three.
        budget, end, size = (room - 12) // 4 * 3, start, 0
        while end < len(value) and size + len(value[end].encode()) <= budget:
            size += len(value[end].encode())
            end += 1
        words.append(b"=?utf-8?b?" + base64.b64encode(value[start:end].encode()) + b"?=")
        room, start = _WORD, end
    return b"\r\n ".join(words)


def ascii_domain(address: str) -> str:
    """Return the address with its domain as an A-label, ready for an envelope and a header.

    :raises InvalidInput: it holds what would end a command or a header.
    """
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or len(address.encode()) > 254 or "=?" in local:
        raise InvalidInput("This address cannot be used in a mail.")
    if not domain.isascii():
        try:
            domain = validate_email(f"x@{domain}", check_deliverability=False).ascii_domain
        except EmailNotValidError as error:
            raise InvalidInput("The domain of this address cannot be used in a mail.") from error
    if not _HOST_NAME.fullmatch(domain):
        raise InvalidInput("The domain of this address cannot be used in a mail.")
    return f"{local}@{domain}"


def date(value: datetime) -> bytes:
    # In UTC: equal instants are equal bytes.
    return format_datetime(value.astimezone(UTC)).encode()


def message_id(token: str) -> bytes:
    """Check the left part of a Message-ID."""
    if not _MESSAGE_ID.fullmatch(token):
        raise InvalidInput("A Message-ID is made of letters and digits.")
    return token.encode()


def feedback_id(value: str) -> bytes:
    value = ascii_text(header_text(value))
    if not _FEEDBACK.fullmatch(value):
        raise InvalidInput("Feedback-ID cannot hold this value.")
    return value.encode()


def domain_of(address: str) -> str:
    return ascii_domain(address).rpartition("@")[2].lower()


def may_one_click(url: str) -> bool:
    """Say whether an address may be pressed by a provider (RFC 8058 3.1)."""
    # Loopback: the demo and the self test press the button too, and no provider will ever see them.
    return url.startswith("https://") or _LOOPBACK_URL.match(url) is not None


def url(value: str) -> bytes:
    if not _URL.fullmatch(value) or len(value) > 900 or "=?" in value:
        raise InvalidInput("A list address is one http or https URL without spaces.")
    return f"<{value}>".encode()


def ascii_text(value: str) -> str:
    """Strip accents and drop what has no ASCII base: structured headers allow no encoded-word."""
    return unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().strip()


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
