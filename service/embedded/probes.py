"""Whether the parts of an installation do their work: asked by the supervisor while they start."""

import http.client
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import LiteralString

import psycopg

from service.embedded import ports

_MIGRATIONS = Path(__file__).parents[1] / "migrations" / "versions"


def is_healthy(port: int) -> bool:
    """Whether the web server answers, with its database and all."""
    # Not urllib: a proxy named in the environment has no business here.
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_up_to_date(url: str | None) -> bool:
    """Whether the newest migration was run already: asking takes milliseconds, running none a second."""
    newest = max(file.name.partition("_")[0] for file in _MIGRATIONS.glob("0*.py"))
    # Looked for first, since asking a table that is not there leaves an error in the server's log.
    there = "SELECT 1 FROM pg_tables WHERE tablename = %s AND schemaname = current_schema()"
    version = "SELECT 1 FROM alembic_version WHERE version_num = %s"
    return url is not None and _ask(url, there, ["alembic_version"]) and _ask(url, version, [newest])


def shows_life(url: str | None, *, kind: str, since: datetime) -> Callable[[], bool]:
    """Return a probe: did such a process report since then? Without an address there is nobody to ask."""
    question = "SELECT 1 FROM heartbeats WHERE kind = %s AND seen_at > %s"
    return lambda: url is None or _ask(url, question, [kind, since])


def _ask(url: str, question: LiteralString, values: list[object]) -> bool:
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=2) as connection:
            return connection.execute(question, values).fetchone() is not None
    except psycopg.Error:
        return False
