"""Reads mails back: what a reader's program would show of the bytes that are to go out."""

import email
from email import policy
from email.message import EmailMessage

from service.delivery.ports import Body, Mail
from service.emails.letters import EmailContent


def content_of(mail: Mail) -> EmailContent:
    text, html = parts_of(mail.body)
    return EmailContent(mail.head.subject, text, html)


def parts_of(body: Body) -> tuple[str, str]:
    """Return the text and the HTML, with line feeds."""
    head = b'Content-Type: multipart/alternative; boundary="' + body.boundary + b'"\r\n\r\n'
    parsed = email.message_from_bytes(head + body.raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    text, html = (_decoded(part) for part in parsed.iter_parts())
    return text, html


def text_alone(raw: bytes) -> str:
    """Return the text of a whole mail that has no HTML."""
    parsed = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    assert parsed.get_content_type() == "text/plain"
    return _decoded(parsed)


def _decoded(part: object) -> str:
    assert isinstance(part, EmailMessage)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")
