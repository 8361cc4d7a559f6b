"""Quoted-printable that can be cut, joined and signed as it stands (RFC 2045 6.7).

Every piece begins on a line of its own, so pieces are encoded apart and joined as bytes: no soft break ever
cuts a blank or a character. Beyond what the standard asks, no line begins with a dot or with "From " (neither
dot-stuffing nor mailboxes change anything), no two spaces meet and none ends a line: the encoded text is its
own relaxed form under DKIM (RFC 6376 3.4.4).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

#: Stands in an unfilled blank: no encoded text holds it, and one look finds it in a whole mail.
OPEN = b"\xff"

#: One less than the standard's 76: any line can be given the "=" of a soft break.
_LINE = 75
_SOFT = b"=\r\n"
#: Text that is its own encoding.
_AS_IS = re.compile(r"(?!\.|From ) ?[!-<>-~]+(?: [!-<>-~]+)*")
_PRINTABLE = re.compile(r"[ -~]*")
_ESCAPED = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True)
class Stencil:
    """Encoded text with blanks: the literals, and the name of the blank after each but the last."""

    literals: tuple[bytes, ...]
    blanks: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.literals))

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """Return the text with encoded values in its blanks."""
        parts = [self.literals[0]]
        for name, literal in zip(self.blanks, self.literals[1:], strict=True):
            parts += (values[name], literal)
        return b"".join(parts)


def encode(text: str) -> bytes:
    """Encode text that holds no control characters but tabs and line feeds; these become CRLF."""
    if len(text) <= _LINE and _AS_IS.fullmatch(text):
        return text.encode("ascii")
    return "\r\n".join([_line(line) for line in text.split("\n")]).encode("ascii")


def stencil(parts: Sequence[str]) -> Stencil:
    """Encode text in parts: literal, name of a blank, literal, ..., literal."""
    literals = []
    for place in range(0, len(parts), 2):
        text, first, last = parts[place], place == 0, place == len(parts) - 1
        # A blank begins at the start of a line and ends with its value; after a last one nothing need follow.
        before = b"" if first or text.startswith("\n") or (last and not text) else _SOFT
        after = b"" if last or text.endswith("\n") or not text else _SOFT
        literals.append(before + encode(text) + after)
    return Stencil(tuple(literals), tuple(parts[1::2]))


def _line(line: str) -> str:
    if len(line) <= _LINE and _AS_IS.fullmatch(line):
        return line
    if _AS_IS.fullmatch(line):
        return _broken(line)
    # Markup is full of "=" and has little else to escape.
    coded = line.replace("=", "=3D")
    if not _PRINTABLE.fullmatch(coded):
        coded = _ESCAPED.sub(lambda match: _escape(match[0]), coded)
    coded = coded.replace("  ", " =20")
    if coded.endswith(" "):
        coded = coded[:-1] + "=20"
    return _broken(coded)


@lru_cache(maxsize=4096)
def _escape(char: str) -> str:
    return "".join([f"={byte:02X}" for byte in char.encode()])


def _broken(rest: str) -> str:
    """Break an encoded line softly, never inside a character."""
    lines: list[str] = []
    while True:
        if rest.startswith("."):
            rest = "=2E" + rest[1:]
        elif rest.startswith("From "):
            rest = "=46" + rest[1:]
        if len(rest) <= _LINE:
            return "".join([*lines, rest])
        cut = _cut(rest)
        lines.append(rest[:cut] + "=\r\n")
        rest = rest[cut:]


def _cut(rest: str) -> int:
    cut = _LINE
    if rest[cut - 1] == "=":
        cut -= 1
    elif rest[cut - 2] == "=":
        cut -= 2
    # =80 to =BF go on with a character that began before.
    while rest[cut] == "=" and rest[cut + 1] in "89AB":
        cut -= 3
    return cut
