"""A database to measure on: empty, durable, with our tables, and gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from service.bench.meter import Meter
from service.db import Sessions, make_engine, make_sessions
from service.embedded.environment import own_environment
from service.embedded.leftovers import postmaster
from service.embedded.postgres import EmbeddedPostgres
from service.migrations import schema


@dataclass(frozen=True, slots=True)
class Database:
    """A server of our own and the door to it."""

    server: EmbeddedPostgres
    engine: Engine
    sessions: Sessions

    def meter(self) -> Meter:
        """Measure the server, and this process in the place of a worker."""
        pid = postmaster(self.server.cluster)
        return Meter(lambda: {"worker": [os.getpid()], "postgres": [pid] if pid else []})

    def settle(self) -> None:
        """Leave the tables as a day of autovacuum would, and nothing waiting to be written."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (FREEZE, ANALYZE)"))
            connection.execute(text("CHECKPOINT"))


@contextmanager
def throwaway() -> Iterator[Database]:
    """Run a database as `broadsheet up` does; delete it at the end, whatever happened."""
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-bench-"))
    # The server may run as another user and must pass through.
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "postgres")
    try:
        with own_environment(folder), server.running() as url:
            schema.upgrade(url)
            engine = make_engine(url)
            try:
                yield Database(server, engine, make_sessions(engine))
            finally:
                engine.dispose()
    finally:
        server.wipe()
        shutil.rmtree(folder, ignore_errors=True)
