"""The bytes of one mail: equal mails make equal bytes, and no value can add a header."""

import base64
import binascii
import hashlib

from service.delivery import headers
from service.delivery.ports import Mail
from service.emails.sanitising import running_text
from service.errors import InvalidInput

#: RFC 5322 2.1.1, without the line end.
LONGEST_LINE = 998

_PLAIN = b"\t\n" + bytes(range(32, 127))


def build(mail: Mail, *, message_id: str) -> bytes:
    """Return the whole message with CRLF line ends; a DKIM signature goes over exactly these bytes.

    :raises InvalidInput: a value cannot be put into a mail; only this message is broken.
    """
    # "=_" occurs neither in quoted-printable nor in base64.
    boundary = b"=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32].encode()
    lines = [
        *headers.all_headers(mail, message_id=message_id),
        ("MIME-Version", b"1.0"),
        ("Content-Type", b'multipart/alternative;\r\n boundary="' + boundary + b'"'),
    ]
    block = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in lines)
    check_block(block, headers.expected_names(mail))
    raw = b"".join(
        [
            block,
            b"\r\n--" + boundary + b"\r\n",
            _part("plain", mail.content.text),
            b"--" + boundary + b"\r\n",
            _part("html", mail.content.html),
            b"--" + boundary + b"--\r\n",
        ]
    )
    check_bytes(raw)
    return raw


def check_block(block: bytes, expected: list[str]) -> None:
    """Make sure that the header block holds the expected names, each once, and nothing else."""
    lines = block.removesuffix(b"\r\n").split(b"\r\n")
    names = [line.partition(b":")[0].decode("utf-8") for line in lines if line[:1] not in {b" ", b"\t"}]
    if names != expected or any(not line.strip() for line in lines):
        raise InvalidInput("A value tried to add or end a header.")
    structured = {"Message-ID", "Feedback-ID", "To", "Reply-To", "Date"}
    current = ""
    for line in lines:
        if line[:1] not in {b" ", b"\t"}:
            current = line.partition(b":")[0].decode("utf-8")
        if b"=?" in line and (current in structured or current.startswith("List-")):
            raise InvalidInput(f"{current} would hold an encoded-word.")


def check_bytes(raw: bytes) -> None:
    """Make sure that the wire gets CRLF only, no NUL and no overlong line."""
    breaks = raw.count(b"\r\n")
    if breaks != raw.count(b"\n") or breaks != raw.count(b"\r") or b"\0" in raw:
        raise InvalidInput("A mail would hold a bare line break or a NUL.")
    if max(map(len, raw.split(b"\r\n"))) > LONGEST_LINE:
        raise InvalidInput("A mail would hold a line of more than 998 bytes.")


def _part(subtype: str, text: str) -> bytes:
    """Encode one alternative; always ends with a line end, so that the boundary starts a line."""
    data = _clean(text).replace("\n", "\r\n").encode()
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    encoding, body = _transfer_encoded(data)
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + body
    )


def _clean(text: str) -> str:
    # Ten times quicker than the expression, for the many mails that are plain ASCII.
    if text.isascii() and not text.encode("ascii").translate(None, _PLAIN):
        return text
    return running_text(text)


def _transfer_encoded(data: bytes) -> tuple[str, bytes]:
    # Quoted-printable triples every byte beyond ASCII; base64 adds a third to all of them.
    beyond = len(data) - len(data.decode("utf-8").encode("ascii", "ignore"))
    if beyond * 6 > len(data):
        return "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    # b2a_qp takes its line ends from the first one in the data: there always is one.
    encoded = binascii.b2a_qp(data, istext=True)
    # "From " at the start of a line gets a ">" in some mailboxes, which would break a signature.
    if b"From " in encoded:
        encoded = (b"\r\n" + encoded).replace(b"\r\nFrom ", b"\r\n=46rom ")[2:]
        if max(map(len, encoded.split(b"\r\n"))) > 76:
            return "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    return "quoted-printable", encoded
