"""The bytes of one mail: equal mails make equal bytes, and no value can break them.

What holds for a joined text when it holds for its parts (CRLF only, no placeholder) is made sure of where a
part is encoded; what does not (open blanks, length of lines, set of headers) is looked at in the final bytes.
"""

import hashlib

from service.delivery import forms, quoted
from service.delivery.ports import Body, Mail, Unsigned
from service.emails.letters import EmailContent
from service.emails.sanitising import running_text
from service.emails.splice import MARK
from service.errors import InvalidInput

#: RFC 5322 2.1.1, without the line end.
LONGEST_LINE = 998

_PLAIN = b"\t\n" + bytes(range(32, 127))
_PART = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


def build(mail: Mail, *, message_id: str) -> Unsigned:
    """Return the whole message with CRLF line ends, checked, and what a signature will go over.

    :raises InvalidInput: a value cannot be put into a mail; only this message is broken.
    """
    unsigned = forms.fill(mail, message_id=message_id)
    check_lines(unsigned.raw)
    # Only an address may be anything but ASCII, in a header that SMTPUTF8 takes (RFC 6531).
    check_text(unsigned.raw if unsigned.block.isascii() else mail.body.raw)
    return unsigned


def body_of(content: EmailContent) -> Body:
    """Encode a mail that was written for one reader."""
    text, html = (encoded(_clean(part)) for part in (content.text, content.html))
    key = hashlib.sha256(text + b"\0" + html).digest()
    boundary = boundary_of(key)
    around = envelope(boundary)
    return Body(boundary, (around[0], text, around[1], html, around[2]), canonical=True)


def text_of(content: EmailContent) -> Body:
    """Encode only the text of it, for a reader who wants no HTML."""
    return Body(b"", (encoded(_clean(content.text)),), canonical=True)


def encoded(text: str) -> bytes:
    """Encode a text or a value that is finished.

    :raises InvalidInput: a placeholder is left in it.
    """
    if MARK in text:
        raise InvalidInput("A placeholder is left in the mail after the last splice; it cannot be sent.")
    return quoted.encode(text)


def boundary_of(key: bytes) -> bytes:
    """Return the boundary for a text with this hash: the same at every try."""
    # "=_" does not occur in quoted-printable.
    return b"=_" + key[:16].hex().encode()


def envelope(boundary: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what goes before, between and after the encoded text and the encoded HTML."""
    line = b"--" + boundary
    return (
        line + b"\r\n" + _PART % b"plain",
        b"\r\n" + line + b"\r\n" + _PART % b"html",
        b"\r\n" + line + b"--\r\n",
    )


def check_text(raw: bytes) -> None:
    """Make sure that no blank of a recipe is left open, and all is seven bits."""
    if not raw.isascii() or b"\0" in raw:
        raise InvalidInput("A mail has a place that nothing was put into, or a byte that is no text.")


def check_lines(raw: bytes) -> None:
    """Make sure that every line fits, in long steps: each goes to the last line end within reach."""
    at, reach = 0, LONGEST_LINE + 2
    last = len(raw) - reach
    while at < last:
        at = raw.rfind(b"\n", at, at + reach) + 1
        if not at:
            raise InvalidInput("A mail would hold a line of more than 998 bytes.")


def _clean(text: str) -> str:
    # Ten times quicker than the expression, for the many mails that are plain ASCII.
    if text.isascii() and not text.encode("ascii").translate(None, _PLAIN):
        return text
    return running_text(text)
