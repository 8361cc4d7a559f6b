"""Signs of life: who runs, since when, and who has fallen silent."""

import socket
from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.ops.models import Heartbeat

#: Workers prove their life every ten seconds; three missed proofs are a silence worth showing.
SILENT_AFTER = timedelta(seconds=35)
#: A process that has been silent this long was replaced and is no longer shown.
FORGOTTEN_AFTER = timedelta(minutes=10)
VERSION = version("broadsheet")


def process_name(kind: str) -> str:
    """Return the name of this machine's process of a kind: one that is started again takes its own place."""
    return f"{kind}@{socket.gethostname()}"


def beat(session: Session, *, name: str, kind: str, started_at: datetime, now: datetime) -> None:
    """Record a sign of life of one process."""
    row = insert(Heartbeat).values(name=name, kind=kind, version=VERSION, started_at=started_at, seen_at=now)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Heartbeat.name],
            set_={"seen_at": now, "started_at": started_at, "version": VERSION},
        )
    )


def leave(session: Session, *, name: str) -> None:
    """Take a process off the list that ends on purpose, so that nobody looks for it."""
    session.execute(delete(Heartbeat).where(Heartbeat.name == name))


def list_processes(session: Session, *, kind: str | None = None) -> list[Heartbeat]:
    """Return every process that is remembered, newest sign of life first."""
    query = select(Heartbeat).order_by(Heartbeat.kind, Heartbeat.seen_at.desc())
    return list(session.scalars(query if kind is None else query.where(Heartbeat.kind == kind)))


def is_alive(process: Heartbeat, *, now: datetime) -> bool:
    """Whether the latest sign of life is fresh enough to be trusted."""
    return now - process.seen_at <= SILENT_AFTER


def forget_silent(session: Session, *, now: datetime) -> None:
    """Drop processes that have been silent for long."""
    session.execute(delete(Heartbeat).where(Heartbeat.seen_at < now - FORGOTTEN_AFTER))
