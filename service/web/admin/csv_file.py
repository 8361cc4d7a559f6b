"""Tables to download: UTF-8, written while they are read, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from flask import Response, stream_with_context

#: A cell that begins so is a formula to Excel, LibreOffice and Sheets (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


#: Rows sent at once: each piece of an answer is a packet of its own.
_TOGETHER = 200


def download(name: str, head: Iterable[str], rows: Iterable[Iterable[object]]) -> Response:
    """Send rows as a file of this name."""
    response = Response(stream_with_context(_lines(head, rows)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def cell(value: object) -> str:
    """Return a value as text; a quote before what looks like a formula makes it text for every program."""
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _lines(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    # Excel takes UTF-8 for what it is only behind this mark.
    yield "\ufeff" + _written([head])
    for some in _batched(rows, _TOGETHER):
        yield _written(some)


def _written(rows: Iterable[Iterable[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([cell(value) for value in row] for row in rows)
    return written.getvalue()


def _batched(rows: Iterable[Iterable[object]], size: int) -> Iterator[list[Iterable[object]]]:
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some
