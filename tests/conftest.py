"""Real PostgreSQL and Valkey for every test that wants them, and no network outside this machine."""

import os
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from service import bootstrap
from service.bootstrap import Runtime
from service.db import Sessions, make_engine
from service.dispatch import TaskName
from service.embedded.postgres import EmbeddedPostgres
from service.embedded.valkey import EmbeddedValkey
from service.languages import speech
from service.migrations import schema
from service.settings import Settings
from tests import applications

_connect = socket.socket.connect

#: What takes longest begins first: a process that ends with one of these keeps all others waiting.
LONGEST = (
    "tests/e2e/test_console_pages.py",
    "tests/faults/test_faults.py",
    "tests/integration/bench/test_console.py",
    "tests/e2e/test_reader_pages.py",
    "tests/integration/bench/",
    "tests/integration/selftest/",
    "tests/e2e/",
    "tests/integration/digests/test_simulated_readers.py",
    "tests/integration/delivery/",
    "tests/unit/bench/test_ranking_gate.py",
    "tests/integration/digests/test_months.py",
    "tests/integration/web_admin/",
    "tests/integration/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; the rest stays in its order."""

    def place(item: pytest.Item) -> int:
        return next((n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any test that talks to something outside this machine."""

    def connect(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX:
            host = address[0] if isinstance(address, tuple) else ""
            assert host in {"127.0.0.1", "::1", "localhost"}, f"a test reached for {host}"
        _connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def in_english() -> None:
    """Begin in English: a request of the test before, in this thread, may have left another language."""
    speech.begin("en")


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder whose path is short (Unix sockets) and that an unprivileged server may enter."""
    with tempfile.TemporaryDirectory(prefix="bs-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres_url(server_folder: Path) -> Iterator[str]:
    """An empty PostgreSQL of our own; it forgets on power loss, which tests may."""
    server = EmbeddedPostgres(
        server_folder / "postgres", settings={"fsync": "off", "full_page_writes": "off"}
    )
    with server.running() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(server_folder: Path) -> Iterator[str]:
    """A Valkey of our own, in redis-py's spelling."""
    with EmbeddedValkey(server_folder / "valkey").running() as url:
        yield url


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> str:
    """The same server with every table in place."""
    schema.upgrade(postgres_url)
    return postgres_url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Iterator[Sessions]:
    """Sessions inside one outer transaction: code under test may "commit", and all is rolled back."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield sessionmaker(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        outer.rollback()


@pytest.fixture
def session(sessions: Sessions) -> Iterator[Session]:
    """One such session, for tests that call domain functions."""
    with sessions() as session:
        yield session


@pytest.fixture
def committing(engine: Engine) -> Iterator[Sessions]:
    """Sessions that really commit, for races between connections; every table is emptied afterwards."""
    yield sessionmaker(engine, expire_on_commit=False)
    names = [table.name for table in schema.METADATA.sorted_tables]
    with engine.begin() as connection:
        used = " UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names)
        filled = connection.scalars(text(used)).all()
        # TRUNCATE makes new files for every table and index, which takes longer than most of these tests.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name in filled:
            connection.execute(text(f"DELETE FROM {name}"))
    if filled:
        # The next test's rows stand in the order they are written in, as in a new table.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {', '.join(filled)}"))


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url="postgresql://unused/unused",
        redis_url="redis://127.0.0.1:1/0",
        public_url="http://localhost:8000",
        secret_key="a key that is only ever used in tests",
        smtp_url="smtp://127.0.0.1:1",
        BROADSHEET_DATA=tmp_path,
        settle_minutes=0,
    )


class RecordingDispatcher:
    """Remembers who was woken."""

    def __init__(self) -> None:
        self.woken: list[TaskName] = []

    def wake(self, task: TaskName) -> None:
        self.woken.append(task)


@pytest.fixture
def dispatcher() -> RecordingDispatcher:
    return RecordingDispatcher()


@pytest.fixture
def runtime(settings: Settings, sessions: Sessions, dispatcher: RecordingDispatcher) -> Runtime:
    """The runtime over the rolled-back sessions."""
    return bootstrap.build(settings).with_(sessions=sessions, dispatcher=dispatcher)


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    """A browser without scripts. CSRF stays on: fetch the page, post what it gave."""
    return applications.around(runtime).test_client()


# Chromium and Celery look at these; a developer's own settings must not leak into tests.
for name in ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "PUBLIC_URL", "SECRET_KEY", "BROADSHEET_CONFIG"):
    os.environ.pop(name, None)
