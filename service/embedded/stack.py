"""Everything one local installation runs, as a list for the supervisor."""

import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import psycopg

from service.embedded import ports
from service.embedded.data_folder import DataFolder
from service.embedded.postgres import EmbeddedPostgres
from service.embedded.process import Process
from service.embedded.valkey import EmbeddedValkey
from service.settings import is_given

_MIGRATIONS = Path(__file__).parents[1] / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a person and the processes find each other; all on this machine."""

    port: int
    inbox_port: int
    smtp_port: int

    @classmethod
    def from_port(cls, port: int) -> "Addresses":
        """The inbox and its SMTP server sit just above the web port."""
        return cls(port=port, inbox_port=port + 25, smtp_port=port + 26)

    @classmethod
    def from_free_ports(cls) -> "Addresses":
        return cls(port=ports.find_free(), inbox_port=ports.find_free(), smtp_port=ports.find_free())

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def inbox_url(self) -> str:
        return f"http://localhost:{self.inbox_port}"


@dataclass
class Stack:
    """The processes of an installation and the environment they share."""

    data: DataFolder
    addresses: Addresses
    env: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    #: Sentences the person who started it should read.
    remarks: list[str] = field(default_factory=list)

    @property
    def uses_inbox(self) -> bool:
        return "SMTP_URL" in self.env


def build(data: DataFolder, addresses: Addresses, *, extra: dict[str, str] | None = None) -> Stack:
    """Prepare data folder and servers, and return what to supervise; servers given by URL are used as is.

    :raises StartupError: a port is taken, or the folder holds something damaged.
    """
    stack = Stack(data, addresses)
    stack.env = {"BROADSHEET_DATA": str(data.path), "BROADSHEET_PORT": str(addresses.port), **(extra or {})}
    ports.require_free(addresses.port, option="--port")
    if not is_given("PUBLIC_URL"):
        stack.env["PUBLIC_URL"] = addresses.url
    if not is_given("SECRET_KEY"):
        stack.env["SECRET_KEY"] = data.secret_key()
    needed = (*_database(stack), *_queue(stack))
    _inbox(stack)
    stack.processes.append(
        Process(
            "migrate",
            python_process("migrate"),
            env=stack.env,
            after=needed,
            once=True,
            needless=lambda: _is_up_to_date(stack.env.get("DATABASE_URL")),
        )
    )
    started_at = datetime.now(UTC)
    _python(stack, "web", after=("migrate",), ready=lambda: _answers(f"{addresses.url}/healthz"), gentle=True)
    for kind in ("worker", "beat"):
        _python(stack, kind, after=("migrate",), ready=_shows_life(stack, kind, started_at))
    return stack


def wipe(data: DataFolder) -> None:
    """Delete an installation, wherever its cluster had to go."""
    EmbeddedPostgres(data.postgres).wipe()
    data.wipe()


def python_process(name: str, *arguments: str) -> list[str]:
    """Return the command line of one of our own commands."""
    return [sys.executable, "-m", "service.cli", name, *arguments]


def _database(stack: Stack) -> tuple[str, ...]:
    if is_given("DATABASE_URL"):
        return ()
    server = EmbeddedPostgres(stack.data.postgres)
    server.prepare()
    stack.env["DATABASE_URL"] = server.url
    if server.moved:
        stack.remarks.append(
            f"The database lives in {server.folder}: PostgreSQL does not run as root, and the user "
            f"{server.user.name if server.user else ''} cannot reach {stack.data.path}."
        )
    stack.processes.append(
        Process(
            "postgres",
            server.command(),
            ready=server.ready,
            user=server.user,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            folder=Path("/"),
        )
    )
    return ("postgres",)


def _queue(stack: Stack) -> tuple[str, ...]:
    if is_given("REDIS_URL"):
        return ()
    server = EmbeddedValkey(stack.data.valkey)
    server.prepare()
    stack.env["REDIS_URL"] = server.url
    stack.processes.append(
        Process("valkey", server.command(), ready=server.ready, death_signal=signal.SIGTERM)
    )
    return ("valkey",)


def _inbox(stack: Stack) -> None:
    if is_given("SMTP_URL"):
        return
    where = stack.addresses
    for port in (where.inbox_port, where.smtp_port):
        ports.require_free(port, option="--port")
    stack.env |= {
        "SMTP_URL": f"smtp://127.0.0.1:{where.smtp_port}",
        "SMTP_IS_INBOX": "true",
        "INBOX_URL": where.inbox_url,
    }
    _python(
        stack,
        "inbox",
        "--smtp-port",
        str(where.smtp_port),
        "--port",
        str(where.inbox_port),
        ready=lambda: _answers(f"{where.inbox_url}/api/messages?limit=1"),
    )


def _python(
    stack: Stack,
    name: str,
    *arguments: str,
    after: tuple[str, ...] = (),
    ready: Callable[[], bool] = lambda: True,
    gentle: bool = False,
) -> None:
    stack.processes.append(
        Process(
            name,
            python_process(name, *arguments),
            env=stack.env,
            after=after,
            ready=ready,
            # gunicorn's parent must live long enough to end its children.
            death_signal=signal.SIGTERM if gentle else signal.SIGKILL,
        )
    )


def _is_up_to_date(url: str | None) -> bool:
    """Whether the newest migration was run already: asking takes milliseconds, running none a second."""
    if url is None:
        return False
    newest = max(file.name.partition("_")[0] for file in _MIGRATIONS.glob("0*.py"))
    return _ask(url, "SELECT 1 FROM alembic_version WHERE version_num = %s", [newest])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  (our own loopback address)
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _shows_life(stack: Stack, kind: str, since: datetime) -> Callable[[], bool]:
    def probe() -> bool:
        url = stack.env.get("DATABASE_URL")
        question = "SELECT 1 FROM heartbeats WHERE kind = %s AND seen_at > %s"
        return url is None or _ask(url, question, [kind, since])

    return probe


def _ask(url: str, question: LiteralString, values: list[object]) -> bool:
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=2) as connection:
            return connection.execute(question, values).fetchone() is not None
    except psycopg.Error:
        return False
