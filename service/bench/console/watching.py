"""Inside the web server that is measured: how long each request took, and what it asked the database.

A request that carries a number in `X-Bench` is written down under it, a line of JSON each. With
`X-Bench-Plans` every question is put to EXPLAIN ANALYZE first, which tells how many rows it reads of which
table.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from service.bench.console.plan_rows import rows_read

#: Names the file to write to.
NOTES = "BROADSHEET_BENCH_NOTES"
NUMBER, PLANS = "X-Bench", "X-Bench-Plans"
_QUESTIONS = ("SELECT", "WITH")
_CHANGES = ("INSERT ", "UPDATE ", "DELETE ", "FOR UPDATE", "SET_CONFIG", "ADVISORY")

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(slots=True)
class Said:
    """What one request cost."""

    ms: float = 0.0
    statements: int = 0
    #: Rows that were read, by table: partitions count as their table. Only with plans.
    rows: dict[str, int] = field(default_factory=dict)
    #: The question that read most of the ledger.
    heaviest: str = ""

    @property
    def ledger_rows(self) -> int:
        """Rows of messages and of their tries."""
        return _of_ledger(self.rows)


@dataclass(slots=True)
class _Note:
    number: int
    plans: bool
    said: Said = field(default_factory=Said)
    most: int = 0
    began: float = field(default_factory=time.perf_counter)

    def line(self) -> str:
        self.said.ms = (time.perf_counter() - self.began) * 1000
        return json.dumps([self.number, asdict(self.said)]) + "\n"


class _Here(threading.local):
    note: _Note | None = None


_here = _Here()
_writing = threading.Lock()


class Watched:
    """The application with a clock around it, from the request's arrival to the last byte of the answer."""

    def __init__(self, application: Wsgi, notes: Path) -> None:
        self._application, self._notes = application, notes
        event.listen(Engine, "before_cursor_execute", _before)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        number = environ.get("HTTP_X_BENCH")
        if number is None:
            return self._application(environ, start_response)
        _here.note = _Note(int(number), "HTTP_X_BENCH_PLANS" in environ)
        return self._answer(self._application(environ, start_response))

    def _answer(self, body: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from body
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
            note, _here.note = _here.note, None
            if note is not None:
                with _writing, self._notes.open("a") as file:
                    file.write(note.line())


def _before(
    _connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> None:
    note = _here.note
    if note is None:
        return
    note.said.statements += 1
    if note.plans and _is_question(statement):
        with cursor.connection.cursor() as apart:
            apart.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
            rows = rows_read(apart.fetchone()[0][0]["Plan"])
        for table, n in rows.items():
            note.said.rows[table] = note.said.rows.get(table, 0) + n
        if _of_ledger(rows) > note.most:
            note.most, note.said.heaviest = _of_ledger(rows), " ".join(statement.split())[:600]


def _of_ledger(rows: Mapping[str, int]) -> int:
    return rows.get("messages", 0) + rows.get("attempts", 0)


def _is_question(statement: str) -> bool:
    upper = statement.upper()
    return upper.lstrip(" \n(").startswith(_QUESTIONS) and not any(word in upper for word in _CHANGES)
