"""Everything one local installation runs, as a list for the supervisor."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from service.embedded import ports
from service.embedded.data_folder import DataFolder
from service.embedded.postgres import ADVICE, EmbeddedPostgres
from service.embedded.probes import is_healthy, is_up_to_date, shows_life
from service.embedded.process import Process
from service.embedded.valkey import EmbeddedValkey
from service.settings import is_given


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
        return cls(*ports.find_free(3))

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
    servers = (*_database(stack), *_queue(stack))
    # The worker ends before the inbox, which then has all of its mail.
    inbox = _inbox(stack)
    url = stack.env.get("DATABASE_URL") or os.environ.get("DATABASE_URL")
    stack.processes.append(
        Process(
            "migrate",
            python_process("migrate"),
            env=stack.env,
            after=servers,
            once=True,
            needless=lambda: is_up_to_date(url),
        )
    )
    started_at = datetime.now(UTC)
    _python(stack, "web", after=("migrate",), ready=lambda: is_healthy(addresses.port))
    for kind, needed in (("worker", ("migrate", *inbox)), ("beat", ("migrate",))):
        _python(stack, kind, after=needed, ready=shows_life(url, kind=kind, since=started_at))
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
            # Fast shutdown: clients are cut off, the data are flushed.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            stop_seconds=30,
            folder=Path("/"),
            advice=ADVICE,
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
        Process(
            "valkey",
            server.command(),
            ready=server.ready,
            death_signal=signal.SIGTERM,
            advice=server.advice,
        )
    )
    return ("valkey",)


def _inbox(stack: Stack) -> tuple[str, ...]:
    if is_given("SMTP_URL"):
        return ()
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
        ready=lambda: ports.accepts(where.inbox_port) and ports.accepts(where.smtp_port),
    )
    return ("inbox",)


def _python(
    stack: Stack,
    name: str,
    *arguments: str,
    after: tuple[str, ...] = (),
    ready: Callable[[], bool] = lambda: True,
) -> None:
    stack.processes.append(
        Process(
            name,
            python_process(name, *arguments),
            env=stack.env,
            after=after,
            ready=ready,
            # gunicorn's parent must live long enough to end its children; this is its quickest stop.
            death_signal=signal.SIGQUIT if name == "web" else signal.SIGKILL,
        )
    )
