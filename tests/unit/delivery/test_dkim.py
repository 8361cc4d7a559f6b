"""DKIM signatures, judged by another implementation."""

import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.delivery import dkim, mime
from service.delivery.ports import Head, ListHeaders, Mail, Unsigned
from service.emails.letters import EmailContent
from service.errors import InvalidInput
from tests.dkim_oracle import a_key, holds, verdicts

DATE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
URL = "https://news.courier.example/u/" + "a" * 60


def mail(*, text: str = "Hi", html: str = "<p>Hi</p>", **values: object) -> Unsigned:
    usual = {
        "from_name": "The Courier",
        "from_address": "news@courier.example",
        "reply_to": "desk@courier.example",
        "subject": "News",
        "date": DATE,
        "feedback_id": "w48:science:digest:courier",
        "list": ListHeaders("science.courier.example", "Science", "https://courier.example/n"),
        "auto_submitted": True,
    }
    head = Head(**{**usual, **values})  # type: ignore[arg-type]
    body = mime.body_of(EmailContent("", text, html))
    way_out = URL if head.list else None
    return mime.build(Mail(head, "ann@example.org", way_out, body), message_id="5f2b8c0d9e")


def signed(unsigned: Unsigned) -> bytes:
    return dkim.sign(unsigned, [a_key()])


def signature_of(raw: bytes) -> bytes:
    return raw[: raw.index(b"\r\nFrom: ")]


def tags(raw: bytes) -> dict[str, str]:
    value = re.sub(r"\s+", "", signature_of(raw).decode().partition(":")[2])
    return dict(each.split("=", 1) for each in value.split(";"))  # type: ignore[misc]


def test_a_signed_mail_is_the_mail_with_one_header_on_top() -> None:
    out = signed(mail())
    assert out.endswith(b"\r\n" + mail().raw)
    assert holds(out, a_key())
    assert not holds(out, a_key("second"))


def test_the_tags_are_those_that_receivers_want() -> None:
    found = tags(signed(mail()))
    assert (found["a"], found["c"]) == ("rsa-sha256", "relaxed/relaxed")
    assert (found["d"], found["s"]) == ("courier.example", "first")
    assert found["t"] == str(int(DATE.timestamp()))
    assert not {"l", "x"} & set(found)


def test_every_header_is_covered_and_sealed_against_a_second_one() -> None:
    raw = mail().raw
    listed = tags(signed(mail()))["h"].split(":")
    names = [
        line.partition(b":")[0].decode().lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    ]
    present = [name for name in names if name[:1] not in {" ", "\t"}]
    assert len(present) == 16
    once = {"feedback-id", "auto-submitted"}
    assert {name: listed.count(name) for name in present} == {
        name: 1 if name in once else 2 for name in present
    }
    # Absent ones cannot be added either.
    assert set(listed) - set(present) == {"cc", "content-transfer-encoding"}


def test_nobody_can_add_a_way_to_unsubscribe_to_a_mail_without_one() -> None:
    out = signed(mail(list=None, feedback_id="", auto_submitted=False))
    assert holds(out, a_key())
    assert not holds(b"List-Unsubscribe: <https://evil.example/>\r\n" + out, a_key())


def test_lines_of_the_header_are_short_and_bare_of_trailing_spaces() -> None:
    key = a_key("a" * 63, domain="a-rather-long-name.for-a-newsletter.courier.example")
    for line in signature_of(dkim.sign(mail(), [key])).split(b"\r\n"):
        assert len(line) < 78
        assert line == line.rstrip()
    assert holds(dkim.sign(mail(), [key]), key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nFrom: The Courier", b"\r\nFrom: The Daily"),
        (b"\r\nTo: ann@", b"\r\nTo: bob@"),
        (b"\r\nSubject: News", b"\r\nSubject: Olds"),
        (b"09:00:00", b"09:00:01"),
        (b"Message-ID: <5", b"Message-ID: <6"),
        (b"Reply-To: desk", b"Reply-To: dusk"),
        (b"List-Id: ", b"List-Id: x"),
        (b"List-Unsubscribe: <https://news.", b"List-Unsubscribe: <https://evil."),
        (b"=One-Click", b"=Two-Click"),
        (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", b""),
        (b"List-Help: <https", b"List-Help: <http"),
        (b"List-Subscribe: <https", b"List-Subscribe: <http"),
        (b"List-Post: NO", b"List-Post: YES"),
        (b"Feedback-ID: w48", b"Feedback-ID: w49"),
        (b"auto-generated", b"no"),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.1"),
        (b"multipart/alternative", b"multipart/mixed"),
        (b"<p>Hi</p>", b"<p>Ho</p>"),
        (b"t=1772", b"t=1773"),
    ],
    ids=lambda value: value.decode().strip(),
)
def test_no_change_goes_unseen(old: bytes, new: bytes) -> None:
    out = signed(mail())
    assert out.count(old) >= 1
    assert not holds(out.replace(old, new, 1), a_key())


@pytest.mark.parametrize(
    "line",
    [
        b"Subject: Free money",
        b"From: Somebody <evil@example.com>",
        b"To: you@example.com",
        b"Cc: you@example.com",
        b"Date: Mon, 02 Mar 2026 10:00:00 +0000",
        b"Reply-To: evil@example.com",
        b"Message-ID: <x@example.com>",
        b"MIME-Version: 1.0",
        b"Content-Type: text/html",
        b"Content-Transfer-Encoding: base64",
        b"List-Id: <other.example.com>",
        b"List-Unsubscribe: <https://evil.example/>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        b"List-Help: <https://evil.example/>",
    ],
    ids=lambda line: line.decode().partition(":")[0],
)
def test_no_header_can_be_added_on_top_or_below(line: bytes) -> None:
    out = signed(mail())
    assert not holds(line + b"\r\n" + out, a_key())
    assert not holds(out.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1), a_key())


def test_what_relays_may_do_does_not_break_it() -> None:
    out = signed(mail(subject="two words"))
    assert holds(b"Received: from a by b; Mon, 2 Mar 2026 09:00:01 +0000\r\n" + out, a_key())
    assert holds(out.replace(b"Subject: two words", b"SUBJECT:two\r\n\t  words  "), a_key())
    assert holds(out + b"\r\n\r\n", a_key())


def test_the_same_mail_is_the_same_bytes_whatever_the_zone_of_its_date() -> None:
    keys = [a_key(), a_key("curve", algorithm="ed25519")]
    there = DATE.astimezone(tz=datetime.now().astimezone().tzinfo)
    assert dkim.sign(mail(), keys) == dkim.sign(mail(date=there), keys)
    assert dkim.sign(mail(), keys) != dkim.sign(mail(date=DATE + timedelta(seconds=1)), keys)


def test_ed25519_signs_beside_rsa_and_each_holds_alone() -> None:
    rsa, curve = a_key(), a_key("curve", algorithm="ed25519")
    out = dkim.sign(mail(), [rsa, curve])
    assert out.count(b"DKIM-Signature:") == 2
    assert verdicts(out, [rsa, curve]) == [True, True]
    assert verdicts(out, [rsa]) == [True, False]
    assert verdicts(out, [curve]) == [False, True]
    changed = out.replace(b"Subject: News", b"Subject: Olds")
    assert verdicts(changed, [rsa, curve]) == [False, False]


def test_the_body_hash_of_the_standard_comes_out() -> None:
    """RFC 6376 appendix A and RFC 8463 appendix A print the hash of this body."""
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    assert b64encode(hashlib.sha256(dkim.relaxed_body(body)).digest()) == (
        b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    )


def test_the_headers_of_the_standard_come_out() -> None:
    """RFC 6376 3.4.5."""
    assert dkim.relaxed_headers(b"A: X\r\nB : Y\t\r\n\tZ  ") == [(b"a", b"X"), (b"b", b"Y Z")]
    assert dkim.relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"


def line_by_line(body: bytes) -> bytes:
    """Relax a body the way the standard tells it."""
    lines = [re.sub(rb"[ \t]+", b" ", re.sub(rb"[ \t]+\Z", b"", line)) for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


@given(st.lists(st.text(" \tab=.", max_size=12), max_size=12))
def test_a_body_is_relaxed_as_the_standard_says(lines: list[str]) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    assert dkim.relaxed_body(body) == line_by_line(body)
    assert dkim.relaxed_body(body.removesuffix(b"\r\n")) == line_by_line(body)


words = st.text(max_size=150)
lines = st.lists(
    st.one_of(st.text(" \t.=aé", max_size=30), st.sampled_from(["", "", "From x", ".", " "])), max_size=20
)


@settings(max_examples=150, deadline=None)
@given(
    subject=words, name=words, listed=words, text=st.one_of(words, lines.map("\n".join)), tail=st.booleans()
)
def test_any_mail_that_can_be_built_verifies(
    subject: str, name: str, listed: str, text: str, tail: bool
) -> None:
    headers = ListHeaders("science.courier.example", listed, "https://courier.example/n")
    try:
        raw = mail(
            subject=subject,
            text=text,
            html=f"<p>  {text}</p>" + "\n \n" * tail,
            from_name=name,
            list=headers if tail else None,
        )
    except InvalidInput:
        return
    assert holds(signed(raw), a_key())
