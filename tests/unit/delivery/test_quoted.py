"""Quoted-printable in pieces: what was cut and joined decodes to the whole, and nothing changes it later."""

import quopri
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from service.delivery import dkim, quoted

piece = st.text(
    st.one_of(
        st.sampled_from(" .=\tFrom\nxé世😀"),
        st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=["Cc", "Cs"]),
    ),
    max_size=260,
)
texts = st.one_of(
    piece,
    st.lists(st.sampled_from([".", "..", "From me", "  ", " ", "=", "a" * 200, "é" * 90, ""])).map("\n".join),
)


def decoded(raw: bytes) -> str:
    return quopri.decodestring(raw.replace(b"\r\n", b"\n")).decode()


def check(raw: bytes) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|[^ -~\r\n]", raw)
    for line in raw.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        # Each line decodes by itself: no character is cut.
        quopri.decodestring(line.removesuffix(b"=")).decode()
    ended = raw.rstrip(b"\r\n") + b"\r\n"
    assert dkim.relaxed_body(ended + b"--x--\r\n") == ended + b"--x--\r\n"


@settings(max_examples=300, deadline=None)
@given(texts)
def test_any_text_comes_back_and_is_its_own_relaxed_form(text: str) -> None:
    raw = quoted.encode(text)
    check(raw)
    assert decoded(raw) == text


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, min_size=1, max_size=5), st.lists(texts, min_size=4, max_size=4))
def test_values_in_blanks_come_back_in_their_places(literals: list[str], values: list[str]) -> None:
    names = [f"blank-{number}" for number in range(len(literals) - 1)]
    parts = [literals[0]]
    for name, literal in zip(names, literals[1:], strict=True):
        parts += [name, literal]
    given_values = dict(zip(names, values, strict=False))
    expected = "".join(given_values.get(part, part) if n % 2 else part for n, part in enumerate(parts))

    raw = quoted.stencil(parts).fill({name: quoted.encode(value) for name, value in given_values.items()})

    check(raw)
    assert decoded(raw) == expected


def test_a_soft_break_never_cuts_a_character() -> None:
    for lead in range(80):
        check(quoted.encode("a" * lead + "世😀é" * 20))
