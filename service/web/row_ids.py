"""Ids in addresses: what PostgreSQL could not hold in a bigint belongs to no row, and leads nowhere."""

from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter

LARGEST = 2**63 - 1
#: Longer texts of digits are looked at no further: reading a number of a million digits takes seconds.
_LONGEST = 40


class RowId(IntegerConverter):
    """`<int:...>` in every route."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST} | options)


def init_app(app: Flask) -> None:
    """Take the place of Flask's own converter; call it before blueprints are registered."""
    app.url_map.converters["int"] = RowId


def typed_id(form: MultiDict[str, str], name: str) -> int:
    """Return the id that a form names, 0 where it names none that a row could have."""
    value = form.get(name, "")
    number = _number(value)
    return number if number is not None and 0 < number <= LARGEST else 0


def lead_nowhere(values: Iterable[str]) -> bool:
    """Say whether one of the values after the question mark is what no column holds."""
    return any("\0" in value or abs(_number(value) or 0) > LARGEST for value in values)


def _number(value: str) -> int | None:
    try:
        return int(value) if len(value) <= _LONGEST else None
    except ValueError:
        return None
