"""Header values: the payloads of standards 20, and what must stay as it is."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.emails.sanitising import header_text, running_text, single_line
from service.emails.wrapping import wrap


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("A =?UTF-8?Q?=0D=0A?=Bcc: injected@example.com", "A = ?UTF-8?Q?=0D=0A?=Bcc: injected@example.com"),
        ("Ends with a break\n", "Ends with a break"),
        ("Nul\x00inside", "Nul inside"),
        ("A\r\nBcc: x@example.com", "A Bcc: x@example.com"),
        ("Folded\r\n\t header", "Folded header"),
        ("lone\rreturn", "lone return"),
        ("vertical\x0btab", "vertical tab"),
        ("next\x85line", "next line"),
        ("line\u2028separator\u2029s", "line separator s"),
        ("gnp\u202eexe\u2066x\u2069", "gnp exe x"),
        ("=\x00?utf-8?q?x?=", "= ?utf-8?q?x?="),
        ("==??", "== ??"),
        ("Half \ud800 pair", "Half pair"),
        ("Cafe\u0301", "Café"),
        ("Storm – “what now?” 🌊 שלום", "Storm – “what now?” 🌊 שלום"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_header_value_is_one_clean_line(value: str, cleaned: str) -> None:
    assert header_text(value) == cleaned


@given(st.text())
def test_no_value_can_leave_its_header(value: str) -> None:
    cleaned = header_text(value)
    assert len(cleaned) <= 200
    assert "=?" not in cleaned
    assert cleaned.isprintable() or all(char not in "\r\n\0\x0b\x0c\x85\u2028\u2029" for char in cleaned)
    assert header_text(cleaned) == cleaned
    cleaned.encode("utf-8")


def test_a_long_value_is_cut_between_words() -> None:
    cut = header_text("word " * 100, limit=60)
    assert cut == "word " * 11 + "word…"
    assert len(header_text("x" * 500)) == 200


def test_running_text_keeps_its_lines_and_tabs() -> None:
    assert running_text("a\r\nb\rc\td\x07\u202ee") == "a\nb\nc\td e"
    assert single_line("  a\n\n b\t") == "a b"


@given(st.text(st.characters(codec="utf-8"), max_size=400), st.sampled_from(["", "1. ", "14. "]))
def test_a_paragraph_is_wrapped_as_the_standard_library_does(text: str, first: str) -> None:
    theirs = textwrap.fill(
        single_line(text),
        width=78,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert wrap(text, first=first, rest=" " * len(first)) == theirs
