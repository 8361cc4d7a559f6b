"""Opens a message for a person: headers, text, HTML, links; garbage is shown, never fatal."""

import email
import email.errors
import re
from contextlib import suppress
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from html.parser import HTMLParser

_TEXT_URL = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Opened:
    """A message, read; `html` and `text` are None where it has no such part."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    links: tuple[str, ...]

    def header(self, name: str) -> str:
        """Return the first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def open_message(raw: bytes) -> Opened:
    """Read a message; whatever cannot be decoded is replaced, not refused."""
    # The old policy on purpose: it hands headers over as they are, where the new one can raise on bad ones.
    message = email.message_from_bytes(raw)
    bodies = _bodies(message)
    text = next((content for kind, content in bodies if kind == "text/plain"), None)
    html = next((content for kind, content in bodies if kind == "text/html"), None)
    return Opened(
        headers=tuple((name, decode(str(value))) for name, value in message.raw_items()),
        text=text,
        html=html,
        links=_links(html=html, text=text),
    )


def read_subject(raw: bytes) -> str:
    """Read the subject alone, without parsing the body."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    headers = email.message_from_bytes(head + b"\r\n\r\n").raw_items()
    return next((decode(str(value)) for name, value in headers if name.lower() == "subject"), "")


def decode(value: str) -> str:
    """Unfold and decode a header for reading."""
    unfolded = re.sub(r"\r?\n[ \t]*", " ", value)
    try:
        parts = [_decode_part(part, charset) for part, charset in decode_header(unfolded)]
    except (ValueError, LookupError, email.errors.HeaderParseError):
        return _printable(unfolded)
    return _printable("".join(parts))


def _decode_part(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", "replace")
    except LookupError:
        return part.decode("utf-8", "replace")


def _printable(value: str) -> str:
    # Eight-bit headers come as surrogates; show what they are meant to be.
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _bodies(message: Message) -> list[tuple[str, str]]:
    return [
        (part.get_content_type(), _content(part))
        for part in message.walk()
        if not part.is_multipart()
        and part.get_content_type() in {"text/plain", "text/html"}
        and part.get_content_disposition() != "attachment"
    ]


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _links(*, html: str | None, text: str | None) -> tuple[str, ...]:
    """Collect what can be followed, in order and once: hrefs of the HTML, then addresses in the text."""
    found: list[str] = []
    if html is not None:
        collector = _Hrefs()
        # Python's parser gives up on some broken declarations; what it found so far stays.
        with suppress(AssertionError):
            collector.feed(html)
        found += collector.found
    found += [url.rstrip(".,;:!?)") for url in _TEXT_URL.findall(text or "")]
    return tuple(dict.fromkeys(found))


class _Hrefs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]
