"""The database: model base, column types, sessions, and the one place where a transaction is opened."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    Text,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from service.patience import PatientConnection

Sessions = sessionmaker[Session]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


#: A process that is frozen in the middle of a transaction keeps its locks, and whoever must take over from it
#: waits for them; no transaction of ours thinks for so long between two statements.
_OPTIONS = ("-c timezone=UTC", "-c idle_in_transaction_session_timeout=20s")
_USED_AT = "used at"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive values, always comes back in UTC whatever the server's zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("An instant needs a time zone; naive datetimes are not stored.")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


class Model(DeclarativeBase):
    """Base of every table; strings are TEXT, lists of ids are bigint arrays, dicts are JSONB."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        datetime: UtcDateTime,
        dict[str, Any]: JSONB,
        list[int]: ARRAY(BigInteger),
        list[str]: ARRAY(Text),
        # Text with a CHECK: a native enum cannot lose a value, and cannot gain one inside a transaction.
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=32,
            values_callable=lambda choices: [choice.value for choice in choices],
        ),
    }


def make_engine(url: str, *, pool_size: int = 5, trust_seconds: float = 0.0) -> Engine:
    """Make an engine whose connections are checked before use, so that a database restart heals itself.

    One that was used within `trust_seconds` is taken to be alive: for workers, whose tasks come again. A
    sender checks out three connections a window, and asking each cost a tenth of all its work.
    """
    engine = create_engine(
        url,
        pool_pre_ping=trust_seconds == 0,
        pool_size=pool_size,
        max_overflow=10,
        connect_args={"options": " ".join(_OPTIONS)},
    )
    event.listen(engine, "do_connect", _connect)
    if trust_seconds:
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", partial(_check_if_idle, trust_seconds))
    return engine


def _connect(_dialect: Dialect, _record: ConnectionPoolEntry, args: Any, values: Any) -> PatientConnection:
    return PatientConnection.connect(*args, **values)


def _note_use(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _check_if_idle(
    trust_seconds: float,
    connection: DBAPIConnection,
    record: ConnectionPoolEntry,
    _proxy: PoolProxiedConnection,
) -> None:
    used_at = record.info.get(_USED_AT)
    if used_at is None or time.monotonic() - used_at < trust_seconds:
        return
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError("The database has closed an idle connection.") from error


def make_sessions(engine: Engine) -> Sessions:
    """Make the factory that views, tasks and commands open their transactions with."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def transaction(sessions: Sessions) -> Iterator[Session]:
    """Open a session, commit at the end, roll back on any error. Entry points only."""
    with sessions() as session, session.begin():
        yield session


def copy_lines(session: Session, statement: str, lines: Iterable[str]) -> None:
    """Send lines to `COPY ... FROM STDIN`, in its text format: fields between tabs, \\\\N for NULL."""
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise DisconnectionError("The connection to the database is closed.")
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for part in _batched(lines, _COPY_LINES):
            copy.write("\n".join(part) + "\n")


def copy_text(value: str) -> str:
    """Escape what would end a field or a line of COPY."""
    return value.translate(_COPY_TEXT)


_COPY_LINES = 500
_COPY_TEXT = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _batched(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield lists of so many; itertools has it from Python 3.12 on."""
    rest = iter(lines)
    while part := list(islice(rest, size)):
        yield part
