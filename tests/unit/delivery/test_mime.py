"""The bytes of a mail: what goes in comes out again, and no value can break them."""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.delivery import headers, mime
from service.delivery.ports import Head, ListHeaders, Mail
from service.emails.letters import EmailContent
from service.emails.sanitising import header_text, running_text
from service.errors import InvalidInput

TOKEN = "5f2b8c0d9e"
URL = "https://news.courier.example/u/" + "a" * 60
PAYLOADS = [
    "A subj=?UTF-8?Q?=0D=0A?=Bcc: injected@example.com",
    "a\r\nBcc: injected@example.com",
    "a\nBcc: injected@example.com\n\nbody",
    "a\rBcc: injected@example.com",
    "a\r\n Bcc: injected@example.com",
    "a\x0bBcc: x@example.com",
    "a\x85Bcc: x@example.com",
    "a\u2028Bcc: x@example.com",
    "a\0b",
    "trailing\n",
    "=?utf-8?b?DQpCY2M6IHhAeQ==?=",
    "\u202egnp.exe",
    "=?utf-8?q?a?=\r\n =?utf-8?q?=0ABcc:_x=40y?=",
    '"quoted" <x@example.com>,',
    "back\\slash",
]


def mail(**values: object) -> Mail:
    content = EmailContent("", str(values.pop("text", "Hi")), str(values.pop("html", "<p>Hi</p>")))
    to_address, url = str(values.pop("to_address", "ann@example.org")), values.pop("url", URL)
    head = Head(
        **{
            "from_name": "The Courier",
            "from_address": "news@courier.example",
            "reply_to": "desk@courier.example",
            "subject": "News",
            "date": datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
            "feedback_id": "w48:science:digest:courier",
            "list": ListHeaders("science.courier.example", "Science", "https://courier.example/n"),
            "auto_submitted": True,
            **values,
        }  # type: ignore[arg-type]
    )
    return Mail(head, to_address, str(url) if head.list else None, mime.body_of(content))


def build(mail: Mail, *, message_id: str = TOKEN) -> bytes:
    return mime.build(mail, message_id=message_id).raw


def parse(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def header_block(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0]


def names_of(raw: bytes) -> list[str]:
    return [
        line.partition(b":")[0].decode()
        for line in header_block(raw).split(b"\r\n")
        if line[:1] not in {b" ", b"\t"}
    ]


def name_in(raw: bytes) -> str:
    """Read the sender's name with the old parser: the new one leaves the space between encoded-words in."""
    name, _address = parseaddr(email.message_from_bytes(raw, policy=policy.compat32)["From"])
    return str(make_header(decode_header(name))).replace("\n", "")


def check_wire(raw: bytes) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw)
    assert raw.endswith(b"\r\n")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    assert len(set(names_of(raw))) == len(names_of(raw))


def test_every_header_a_digest_needs() -> None:
    raw = build(mail())
    check_wire(raw)
    parsed = parse(raw)
    assert dict(parsed.items()) == {
        "From": "The Courier <news@courier.example>",
        "To": "ann@example.org",
        "Subject": "News",
        "Date": "Tue, 24 Nov 2026 09:00:00 +0000",
        "Message-ID": f"<{TOKEN}@courier.example>",
        "Reply-To": "desk@courier.example",
        "List-Id": '"Science" <science.courier.example>',
        "List-Unsubscribe": f"<{URL}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Help": "<https://courier.example/n>",
        "List-Subscribe": "<https://courier.example/n>",
        "List-Post": "NO",
        "Feedback-ID": "w48:science:digest:courier",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": parsed["Content-Type"],
    }
    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert f"List-Unsubscribe: <{URL}>\r\n".encode() in raw


def test_a_confirmation_carries_no_list_and_a_blast_is_not_automatic() -> None:
    raw = build(mail(list=None, auto_submitted=False, feedback_id=""))
    assert not any(name.startswith("List-") for name in names_of(raw))
    assert "Auto-Submitted" not in names_of(raw)
    assert "Feedback-ID" not in names_of(raw)


def test_equal_mails_make_equal_bytes() -> None:
    assert build(mail()) == build(mail())
    assert build(mail()) != build(mail(), message_id="other")


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", ["subject", "from_name", "list_name"])
def test_no_value_can_add_a_header(payload: str, place: str) -> None:
    values: dict[str, object] = {place: payload}
    if place == "list_name":
        values = {"list": ListHeaders("a.b.example", payload, "https://b.example")}
    raw = build(mail(**values))
    check_wire(raw)
    assert names_of(raw) == names_of(build(mail()))
    assert parse(raw)["To"] == "ann@example.org"


@pytest.mark.parametrize(
    "values",
    [
        {"to_address": "ann@example.org>\r\nRCPT TO:<bob@example.org"},
        {"to_address": "ann b@example.org"},
        {"to_address": "ann@example.org, bob@example.org"},
        {"to_address": "no-at-sign"},
        {"to_address": "a@" + "b" * 260 + ".org"},
        {"from_address": "news@courier.example\n"},
        {"reply_to": "x@y\0"},
        {"feedback_id": "a:b:c:d:e:f"},
        {"list": ListHeaders("no dots", "x", URL)},
        {"url": "https://a.example/ x"},
        {"url": "mailto:x@y.example"},
    ],
)
def test_what_cannot_be_written_safely_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        build(mail(**values))


def test_a_message_id_cannot_smuggle_a_line() -> None:
    with pytest.raises(InvalidInput):
        build(mail(), message_id="x>\r\nBcc: y@z")


def test_one_click_is_offered_over_https_and_to_this_machine_only() -> None:
    def offered(url: str) -> bool:
        raw = build(mail(url=url))
        return b"List-Unsubscribe-Post" in raw

    assert offered("https://a.example/u/1")
    assert offered("http://localhost:8000/u/1")
    assert not offered("http://a.example/u/1")
    assert not offered("http://localhost.evil.example/u/1")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_subject_and_name_come_back_as_they_went_in(text: str) -> None:
    raw = build(mail(subject=text, from_name=text))
    check_wire(raw)
    for line in header_block(raw).split(b"\r\n"):
        for word in re.findall(rb"=\?[^ ]*\?=", line):
            assert len(word) <= 75
            assert len(line) <= 76
    parsed = parse(raw)
    # Folding may show as other white space; no-break spaces are part of the text.
    assert re.sub(r"[^\S\u00a0\u202f]+", " ", str(parsed["Subject"])).strip() == header_text(text)
    assert parsed["From"].addresses[0].addr_spec == "news@courier.example"
    assert name_in(raw) == header_text(text, limit=120)


bodies = st.lists(
    st.one_of(st.text(max_size=200), st.sampled_from([".", "..", "From me", "= =", "a" * 200, " ", "\t"]))
).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(bodies)
def test_any_body_comes_back_as_it_went_in(text: str) -> None:
    raw = build(mail(text=text, html=text))
    check_wire(raw)
    assert b"\r\nFrom " not in raw.partition(b"\r\n\r\n")[2]
    plain, rich = parse(raw).iter_parts()
    expected = running_text(text)
    for part in (plain, rich):
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        found = payload.decode().replace("\r\n", "\n")
        # The line end before a boundary belongs to the boundary.
        assert found.rstrip("\n") == expected.rstrip("\n")


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["example.org", "bücher.example"]))
def test_an_address_is_usable_or_refused(local: str, domain: str) -> None:
    try:
        address = headers.ascii_domain(f"{local}@{domain}")
    except InvalidInput:
        return
    assert address.rpartition("@")[0] == local
    assert address.rpartition("@")[2].isascii()
    assert not re.search(r"[\s<>\0]", address)


def test_an_idn_domain_travels_as_an_a_label() -> None:
    raw = build(mail(to_address="ann@bücher.example"))
    assert b"To: ann@xn--bcher-kva.example\r\n" in raw
