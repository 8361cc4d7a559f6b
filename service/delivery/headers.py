"""Header lines as bytes, by hand: EmailMessage breaks long List-Unsubscribe tokens.

Every value passes `header_text`; structured headers never hold an encoded-word (RFC 2047 section 5).
"""

import base64
import re
import unicodedata
from datetime import datetime
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from service.delivery.ports import ListHeaders, Mail
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
_FEEDBACK = re.compile(r"[A-Za-z0-9._ -]*(:[A-Za-z0-9._ -]*){0,3}")
#: RFC 2047: an encoded-word is at most 75 characters long, and a line that holds one at most 76.
_WORD = 75
_LINE = 76


def all_headers(mail: Mail, *, message_id: str) -> list[Header]:
    """Return every header of a mail but the MIME ones, in a fixed order."""
    headers = [
        ("From", mailbox("From", mail.from_name, mail.from_address)),
        ("To", ascii_domain(mail.to_address).encode()),
        ("Subject", unstructured("Subject", mail.content.subject)),
        ("Date", date(mail.date)),
        ("Message-ID", message_id_value(message_id, mail.from_address)),
        ("Reply-To", ascii_domain(mail.reply_to or mail.from_address).encode()),
    ]
    if mail.list_headers is not None:
        headers += list_headers(mail.list_headers)
    if mail.feedback_id:
        headers.append(("Feedback-ID", _structured(mail.feedback_id, _FEEDBACK, "Feedback-ID")))
    if mail.auto_submitted:
        headers.append(("Auto-Submitted", b"auto-generated"))
    return headers


def expected_names(mail: Mail) -> list[str]:
    """Return the names that a mail's header block must have, exactly: the check against injected lines."""
    names = ["From", "To", "Subject", "Date", "Message-ID", "Reply-To"]
    if mail.list_headers is not None:
        one_click = ["List-Unsubscribe-Post"] if _may_one_click(mail.list_headers.unsubscribe_url) else []
        names += ["List-Id", "List-Unsubscribe", *one_click, "List-Help", "List-Subscribe", "List-Post"]
    names += ["Feedback-ID"] if mail.feedback_id else []
    names += ["Auto-Submitted"] if mail.auto_submitted else []
    return [*names, "MIME-Version", "Content-Type"]


def list_headers(values: ListHeaders) -> list[Header]:
    """Return RFC 2369, 2919 and 8058 headers; one-click only over HTTPS, as RFC 8058 demands."""
    label = header_text(values.list_id)
    if not _LIST_LABEL.fullmatch(label):
        raise InvalidInput("A List-Id is a name like topic.news.example.org.")
    phrase = _ascii(header_text(values.name, limit=120))
    home = _url(values.archive_url)
    headers = [
        ("List-Id", (f"{_quoted(phrase)} " if phrase else "").encode() + f"<{label}>".encode()),
        ("List-Unsubscribe", _url(values.unsubscribe_url)),
    ]
    if _may_one_click(values.unsubscribe_url):
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
    if not at or not _LOCAL_PART.fullmatch(local) or len(address.encode()) > 254:
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
    return format_datetime(value).encode()


def message_id_value(token: str, from_address: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", token):
        raise InvalidInput("A Message-ID is made of letters and digits.")
    return f"<{token}@{domain_of(from_address)}>".encode()


def domain_of(address: str) -> str:
    return ascii_domain(address).rpartition("@")[2].lower()


def _may_one_click(url: str) -> bool:
    # Loopback: the demo and the self test press the button too, and no provider will ever see them.
    return url.startswith("https://") or _LOOPBACK_URL.match(url) is not None


def _url(value: str) -> bytes:
    if not _URL.fullmatch(value) or len(value) > 900:
        raise InvalidInput("A list address is one http or https URL without spaces.")
    return f"<{value}>".encode()


def _structured(value: str, pattern: re.Pattern[str], name: str) -> bytes:
    value = _ascii(header_text(value))
    if not pattern.fullmatch(value):
        raise InvalidInput(f"{name} cannot hold this value.")
    return value.encode()


def _ascii(value: str) -> str:
    """Strip accents and drop what has no ASCII base: structured headers allow no encoded-word."""
    return unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().strip()


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
