"""Rows by COPY, and large tables without their indexes until they are full."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.db import copy_lines, copy_text

NULL = "\\N"


def copy(session: Session, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows; `columns` is their names, with commas between."""
    copy_lines(
        session, f"COPY {table} ({columns}) FROM STDIN", ("\t".join(map(written, row)) for row in rows)
    )


def written(value: Any) -> str:
    """Write one field as COPY's text format has it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "{" + ",".join(map(str, value)) + "}"
    return copy_text(str(value))


@contextmanager
def indexed_afterwards(session: Session, *tables: str) -> Iterator[None]:
    """Drop what is no constraint, skip triggers, and index when everything is there: a third of the time."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    found = session.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(:tables) AND schemaname = "
            "current_schema() AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
        ),
        {"tables": list(tables)},
    ).all()
    for name, _ in found:
        session.execute(text(f"DROP INDEX {name}"))
    yield
    session.execute(text("SET LOCAL session_replication_role = origin"))
    for _, definition in found:
        session.execute(text(definition.replace(":", "\\:")))


def go_on_after(session: Session, table: str) -> None:
    """Let the ids that the database gives go on behind those that were written."""
    session.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}) + 1)"  # noqa: S608  (our own tables)
        )
    )
