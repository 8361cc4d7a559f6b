"""Decides how a body is to be read, and refuses what must not reach a parser (standards 161).

The body is decoded exactly once, here; the parser gets that text and never chooses a charset by itself,
so that what was checked is what is parsed.
"""

import codecs
import re

from service.errors import FetchError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Charsets in which `<` is the byte 0x3C, and the Unicode ones: others can hide a DOCTYPE (UTF-7, EBCDIC).
_CHARSET = re.compile(
    r"utf-?8|utf-?16(?:[-_]?[lb]e)?|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?\d|(?:windows|cp)-?12\d\d|"
    r"koi8-[ru]|gb2312|gbk|gb18030|big5(?:-hkscs)?|euc-(?:jp|kr)|shift[-_]jis|tis-620|macintosh",
    re.IGNORECASE,
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})["']""")
_IN_HEADER = re.compile(r"""charset\s*=\s*["']?([^"';\s]{1,40})""", re.IGNORECASE)
_UTF_7 = re.compile(rb"\+ADw-?|\+/v[89+/]", re.IGNORECASE)
#: XML 1.0 allows no other control characters; feeds contain them all the same.
_NOT_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])
_DECLARATION = re.compile(r"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_TAG_NAME = re.compile(r"<([A-Za-z_][\w.:-]*)")


def decode(body: bytes, *, content_type: str = "") -> str:
    """Return the body as text.

    :raises FetchError: it is empty, or its charset is one that can hide markup.
    """
    if not body.strip():
        raise FetchError("The server sent an empty answer: there is no feed in it.")
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return _strict(body[len(mark) :], charset, "its first bytes say").translate(_NOT_XML)
    # Bytes that happen to be valid UTF-8 are UTF-8, whatever a header of 1999 says about them.
    for charset in ("utf-8", *_candidates(body, content_type)):
        try:
            return body.decode(charset).translate(_NOT_XML)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("windows-1252", errors="replace").translate(_NOT_XML)


def root_of(text: str) -> tuple[str, int]:
    """Return the lower-case name of the first element and where it starts, past comments and instructions.

    :raises FetchError: a document type or an entity is declared before it, or there is no element at all.
    """
    place = 0
    while (place := text.find("<", place)) >= 0:
        if text.startswith("<!--", place):
            place = _after(text, "-->", place + 4)
        elif text.startswith("<?", place):
            place = _after(text, "?>", place + 2)
        elif match := _TAG_NAME.match(text, place):
            if match[1].lower() != "html":
                _refuse_declarations(text[:place])
            return match[1].lower(), place
        elif re.match(r"<!doctype\s+html\b", text[place : place + 40], re.IGNORECASE):
            return "html", place
        elif text.startswith("<!", place):
            _refuse_declarations(text[: place + 20])
            place += 2
        else:
            place += 1
    raise FetchError("This is neither a feed nor a web page: it contains no markup.")


def _refuse_declarations(prolog: str) -> None:
    if _DECLARATION.search(prolog):
        raise FetchError(
            "The feed declares a document type or entities (<!DOCTYPE, <!ENTITY), "
            "which can be used to attack readers and is not accepted."
        )


def _candidates(body: bytes, content_type: str) -> list[str]:
    found = []
    if in_header := _IN_HEADER.search(content_type):
        found.append(in_header[1])
    if declared := _DECLARED.match(body[:400]):
        found.append(declared[1].decode("ascii", errors="replace"))
    for charset in found:
        if not _CHARSET.fullmatch(charset):
            raise FetchError(f"The feed is written in the charset “{charset[:40]}”, which is not accepted.")
    if body[:4] in {b"<\0?\0", b"<\0r\0", b"<\0f\0"}:
        return ["utf-16-le"]
    if body[:4] in {b"\0<\0?", b"\0<\0r", b"\0<\0f"}:
        return ["utf-16-be"]
    if _UTF_7.search(body[:4000]) and b"<" not in body[:4000]:
        raise FetchError("The feed is written in the charset “utf-7”, which is not accepted.")
    return [charset for charset in found if not charset.lower().startswith("utf-16")]


def _strict(body: bytes, charset: str, why: str) -> str:
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise FetchError(f"The feed is damaged: {why} that it is {charset}, and it is not.") from error


def _after(text: str, end: str, place: int) -> int:
    found = text.find(end, place)
    return len(text) if found < 0 else found + len(end)
