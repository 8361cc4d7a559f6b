"""Makes foreign text safe for a header, a subject or one line of a mail (standards 20, 22)."""

import re
import unicodedata

#: C0 and C1 controls, line and paragraph separators, bidi embeddings, overrides and isolates,
#: the byte order mark, and lone surrogates, which no charset can carry.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+"
)
#: The same, but line breaks and tabs stay: for running text.
_UNSAFE_IN_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+"
)
#: No-break spaces stay: French has them before a colon.
_SPACE = re.compile(r"[^\S\u00a0\u202f]+")
_NO_BREAK = re.compile("[\u00a0\u202f]")


def header_text(value: str, *, limit: int = 200) -> str:
    """Clean a value for a header: one line, NFC, no encoded-word, at most `limit` characters.

    Python decodes an encoded-word it is given and writes out the line break inside (CVE-2024-6923), so
    `=?` is broken up as well.
    """
    return shortened(single_line(value).replace("=?", "= ?"), limit)


def shortened(line: str, limit: int) -> str:
    """Cut a line to at most `limit` characters, at a word where there is one, and say so by an ellipsis."""
    if len(line) <= limit:
        return line
    at_word = line[:limit].rpartition(" ")[0]
    return (at_word if len(at_word) >= limit // 2 else line[: limit - 1]).rstrip() + "…"


def single_line(value: str) -> str:
    """Collapse a value to one line without control characters."""
    return unicodedata.normalize("NFC", _SPACE.sub(" ", _UNSAFE.sub(" ", value)).strip())


def typed_line(value: str) -> str:
    """Do the same with what somebody typed or pasted: its no-break spaces are spaces."""
    return single_line(_NO_BREAK.sub(" ", value))


def running_text(value: str) -> str:
    """Remove control characters that no mail should carry; line breaks (as \\n) and tabs stay."""
    return _UNSAFE_IN_TEXT.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n"))
