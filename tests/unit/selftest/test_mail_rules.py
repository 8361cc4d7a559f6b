"""A mail that breaks a rule is found, whichever rule it is."""

import pytest

from service.selftest.checks import CheckFailed
from service.selftest.mail_rules import check_mail
from service.selftest.mailbox import parse

TEXT = "Good morning. " + "Here is the best of the last days in your topics, as ever. " * 4
GOOD = (
    "From: The Gazette <news@gazette.example>\r\n"
    "To: anna@reader.example\r\n"
    "Subject: =?utf-8?b?S29tZXQg5b2X5pif?=\r\n"
    "Date: Tue, 24 Nov 2026 09:00:30 +0000\r\n"
    "Message-ID: <abc123@gazette.example>\r\n"
    "List-Id: The Gazette <gazette.gazette.example>\r\n"
    "List-Unsubscribe: <http://localhost:8000/u/{token}>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n'
    "\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Hello</p></body></html>\r\n--b--\r\n"
).format(token="t" * 120, text=TEXT)


def judge(mail: str, now, kind: str = "digest") -> str:
    try:
        check_mail(parse(mail.encode("utf-8", "surrogateescape")), kind, now=now)
    except CheckFailed as failed:
        return str(failed)
    return ""


def test_a_good_mail_is_good_and_its_subject_is_read(now) -> None:
    assert judge(GOOD, now) == ""
    assert parse(GOOD.encode()).subject == "Komet 彗星"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("Good morning. ", "Good morning.\n", "CRLF"),
        ("Hello", "x" * 1000, "998 at most"),
        ("The Gazette <news", "Ünser Blatt <news", "not ASCII"),
        ("Date: ", "Bcc: eve@reader.example\r\nDate: ", "there is a Bcc header"),
        ("Date: ", "Subject: twice\r\nDate: ", "there are 2 Subject headers"),
        ("Message-ID: <abc123@gazette.example>\r\n", "", "there are 0 Message-ID headers"),
        ("<abc123@gazette.example>", "abc123", "Message-ID is not one"),
        ("List-Id: The Gazette", "List-Id: =?utf-8?q?Blatt?=", "List-Id holds an encoded word"),
        ("t" * 120, "t" * 60 + "\r\n " + "t" * 60, "List-Unsubscribe is not one whole address"),
        ("<http://localhost:8000/u/" + "t" * 120 + ">", "<mailto:x@y.example>", "not one whole address"),
        ("List-Unsubscribe=One-Click", "yes", "does not offer one click"),
        ("24 Nov", "23 Nov", "it is dated"),
        ("Date: Tue, 24 Nov 2026 09:00:30 +0000", "Date: soon", "Date is not one"),
        ("Auto-Submitted: auto-generated\r\n", "", "does not say that it is auto-generated"),
        (TEXT, "Hello", "text part is missing"),
        (TEXT, TEXT + "<td>", "holds markup"),
        ("<p>Hello</p>", "<SCRIPT>alert(1)</SCRIPT>", "holds a script"),
        ("<html>", "<b>", "HTML part is missing"),
        ("multipart/alternative", "multipart/mixed", "not multipart/alternative"),
    ],
)
def test_each_broken_rule_is_named(old: str, new: str, complaint: str, now) -> None:
    assert old in GOOD
    assert complaint in judge(GOOD.replace(old, new, 1), now)


def test_what_a_person_wrote_does_not_say_that_a_machine_did(now) -> None:
    assert "a blast says Auto-Submitted" in judge(GOOD, now, "blast")
    assert judge(GOOD.replace("Auto-Submitted: auto-generated\r\n", ""), now, "blast") == ""
