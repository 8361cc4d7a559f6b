"""Ids in addresses: what PostgreSQL could not hold in a bigint belongs to no row, and leads nowhere."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter

LARGEST = 2**63 - 1


class RowId(IntegerConverter):
    """`<int:...>` in every route."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST} | options)


def init_app(app: Flask) -> None:
    """Take the place of Flask's own converter; call it before blueprints are registered."""
    app.url_map.converters["int"] = RowId
