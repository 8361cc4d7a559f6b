"""Reading the audit log: backwards, a page at a time, by actor, action, subject and day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.ops import actors
from service.ops.audit_changes import Change, changes

SHOWN = 50


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
    query = _matching(wanted).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return _lines(session, list(session.scalars(query)))


def every(session: Session, wanted: Wanted) -> Iterator[Line]:
    """Yield all that match, the newest first, in portions: for downloads."""
    before: int | None = None
    while lines := list_page(session, wanted, before=before, limit=1000):
        yield from lines
        before = lines[-1].id
        session.expunge_all()


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


def _matching(wanted: Wanted) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.action:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.subject:
        query = query.where(AuditEntry.subject == wanted.subject)
    if wanted.first_day is not None:
        query = query.where(AuditEntry.at >= _midnight(wanted.first_day))
    if wanted.last_day is not None and wanted.last_day < date.max:
        query = query.where(AuditEntry.at < _midnight(wanted.last_day + timedelta(days=1)))
    return query


def _lines(session: Session, rows: list[AuditEntry]) -> list[Line]:
    names = actors.names(session, {row.actor for row in rows} | {row.subject for row in rows})
    return [
        Line(
            row.id,
            row.at,
            row.actor,
            who_is(row.actor, names),
            row.action,
            row.subject,
            names[row.subject] if row.subject.startswith("operator ") else row.subject,
            changes(row.before, row.after),
        )
        for row in rows
    ]


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
