"""Reading the audit log: backwards, a page at a time, by actor, action, subject and day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select, text
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.ops import actors
from service.ops.audit_changes import Change, changes

SHOWN = 50
#: Rows of a download that are read at once.
_PORTION = 2_000

_Entry = Row[int, datetime, str, str, str, dict[str, Any] | None, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; what is empty does not count. Days are UTC, both included."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One action as the page shows it."""

    id: int
    at: datetime
    actor: str
    #: The operator's name, or what acted.
    who: str
    action: str
    subject: str
    #: The subject as a person says it: an operator by name.
    about: str
    changes: tuple[Change, ...]

    @property
    def verb(self) -> str:
        """What was done, without what it was done to: "signed in"."""
        return self.action.rpartition(".")[2].replace("_", " ")


def list_page(session: Session, wanted: Wanted, *, before: int | None, limit: int = SHOWN) -> list[Line]:
    """Return the newest actions that match, older than the one of id `before`."""
    rows = _newest(session, wanted, before=before, limit=limit)
    names = actors.names(session, {row.actor for row in rows} | {row.subject for row in rows})
    return [_line(row, names) for row in rows]


def every(session: Session, wanted: Wanted) -> Iterator[Line]:
    """Yield all that match, the newest first, in portions: for downloads."""
    before: int | None = None
    known: dict[str, str] = {}
    while rows := _newest(session, wanted, before=before, limit=_PORTION):
        met = {name for row in rows for name in (row.actor, row.subject) if name.startswith("operator ")}
        known |= actors.names(session, met - known.keys())
        yield from (_line(row, known) for row in rows)
        before = rows[-1].id


def list_actions(session: Session) -> list[str]:
    """Return every action there is; reads one index entry each, however long the log."""
    return _distinct(session, "action")


def list_actors(session: Session) -> dict[str, str]:
    """Return every actor with a name, in the order of the names."""
    found = _distinct(session, "actor")
    names = actors.names(session, found)
    return {
        actor: who_is(actor, names) for actor in sorted(found, key=lambda one: who_is(one, names).casefold())
    }


def who_is(actor: str, names: dict[str, str]) -> str:
    """Name an actor: an operator by name, everything else as the log calls it."""
    if actor.startswith("operator "):
        return names[actor]
    return "Broadsheet" if actor == "system" else actor


def _newest(session: Session, wanted: Wanted, *, before: int | None, limit: int) -> Sequence[_Entry]:
    """Read columns, not objects: of a download's hundreds of thousands none is changed."""
    entry = AuditEntry
    query = (
        select(entry.id, entry.at, entry.actor, entry.action, entry.subject, entry.before, entry.after)
        .where(*_conditions(wanted))
        .order_by(entry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(entry.id < before)
    return session.execute(query).all()


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.actor:
        yield AuditEntry.actor == wanted.actor
    if wanted.action:
        yield AuditEntry.action == wanted.action
    if wanted.subject:
        yield AuditEntry.subject == wanted.subject
    if wanted.first_day is not None:
        yield AuditEntry.at >= _midnight(wanted.first_day)
    if wanted.last_day is not None and wanted.last_day < date.max:
        yield AuditEntry.at < _midnight(wanted.last_day + timedelta(days=1))


def _line(row: _Entry, names: dict[str, str]) -> Line:
    return Line(
        row.id,
        row.at,
        row.actor,
        who_is(row.actor, names),
        row.action,
        row.subject,
        names[row.subject] if row.subject.startswith("operator ") else row.subject,
        changes(row.before, row.after),
    )


def _distinct(session: Session, column: str) -> list[str]:
    # A plain DISTINCT reads the whole log; this jumps from value to value.
    query = text(
        f"""
        WITH RECURSIVE found AS (
            (SELECT {column} AS value FROM audit_entries ORDER BY {column} LIMIT 1)
            UNION ALL
            SELECT (SELECT {column} FROM audit_entries WHERE {column} > found.value ORDER BY {column} LIMIT 1)
            FROM found WHERE found.value IS NOT NULL
        )
        SELECT value FROM found WHERE value IS NOT NULL
        """  # noqa: S608  (one of two column names of this module)
    )
    return list(session.scalars(query))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
