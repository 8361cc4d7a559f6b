"""What every mail of ours must be, however it is read: the rules that providers and standards set."""

import re
from collections import Counter
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from service.selftest.checks import CheckFailed
from service.selftest.mailbox import Mail

#: A digest and a blast belong to a list that one can leave.
Kind = Literal["transactional", "digest", "blast"]

#: RFC 5322 2.1.1, without the CRLF.
LONGEST_LINE = 998
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
_LIST = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post")
#: Header names that nothing of ours sends; a hostile title would add them.
_NEVER = ("Bcc", "Cc", "Resent-To")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_ONE_URL = re.compile(r"<https?://[^<>\s,]+>")
_CLOCKS_DIFFER = timedelta(minutes=5)


def check_mail(mail: Mail, kind: Kind, *, now: datetime) -> None:
    """Hold a mail against every rule of its kind.

    :raises CheckFailed: naming all rules that it breaks.
    """
    broken = [*_bytes(mail), *_headers(mail, now=now), *_bodies(mail)]
    broken += _list_headers(mail) if kind != "transactional" else []
    broken += _auto_submitted(mail, kind)
    if broken:
        raise CheckFailed(f"The mail “{mail.subject}” breaks a rule: {'; '.join(broken)}.")


def _bytes(mail: Mail) -> list[str]:
    broken = []
    if re.search(rb"(?<!\r)\n|\r(?!\n)", mail.raw):
        broken.append("a line does not end with CRLF")
    longest = max(len(line) for line in mail.raw.split(b"\r\n"))
    if longest > LONGEST_LINE:
        broken.append(f"a line has {longest} characters, {LONGEST_LINE} at most are allowed")
    head = mail.raw.partition(b"\r\n\r\n")[0]
    if not head.isascii():
        broken.append("a header is not ASCII")
    return broken


def _headers(mail: Mail, *, now: datetime) -> list[str]:
    counts = Counter(name.lower() for name, _ in mail.headers)
    broken = [
        f"there are {counts[name.lower()]} {name} headers"
        for name in (*_ONCE, *(name for name in _LIST if counts[name.lower()]))
        if counts[name.lower()] != 1
    ]
    broken += [f"there is a {name} header" for name in _NEVER if counts[name.lower()]]
    if not _MESSAGE_ID.fullmatch(mail.header("Message-ID")):
        broken.append("the Message-ID is not one")
    broken += [
        f"{name} holds an encoded word" for name in (*_LIST, "Message-ID") if "=?" in mail.header(name)
    ]
    try:
        dated = parsedate_to_datetime(mail.header("Date"))
    except ValueError:
        return [*broken, "the Date is not one"]
    if abs(dated - now) > _CLOCKS_DIFFER:
        broken.append(f"it is dated {dated}")
    return broken


def _list_headers(mail: Mail) -> list[str]:
    broken = []
    if not _ONE_URL.fullmatch(mail.header("List-Unsubscribe")):
        broken.append("List-Unsubscribe is not one whole address")
    elif mail.header("List-Unsubscribe")[1:-1].encode() not in mail.raw.partition(b"\r\n\r\n")[0]:
        broken.append("List-Unsubscribe is broken over lines")
    if mail.header("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        broken.append("List-Unsubscribe-Post does not offer one click")
    if not re.search(r"<[^<>\s]+\.[^<>\s]+>$", mail.header("List-Id")):
        broken.append("List-Id is not one")
    return broken


def _auto_submitted(mail: Mail, kind: Kind) -> list[str]:
    """RFC 3834 5.2: scheduled mail says that it is, and what a person wrote must not."""
    said = mail.header("Auto-Submitted")
    if kind == "digest" and said != "auto-generated":
        return ["a digest does not say that it is auto-generated"]
    return [f"a blast says Auto-Submitted: {said}"] if kind == "blast" and said else []


def _bodies(mail: Mail) -> list[str]:
    broken = []
    if not mail.header("Content-Type").startswith("multipart/alternative"):
        broken.append("it is not multipart/alternative")
    if len(mail.text.split()) < 20:
        broken.append("the text part is missing or empty")
    if re.search(r"</?(p|div|td|a|span|script)\b", mail.text):
        broken.append("the text part holds markup")
    if "<html" not in mail.html:
        broken.append("the HTML part is missing")
    if "<script" in mail.html.lower():
        broken.append("the HTML part holds a script")
    if mail.raw.find(b"text/plain") > mail.raw.find(b"text/html"):
        broken.append("the text part does not come first")
    return broken
