"""A whole installation to break: its own PostgreSQL and Valkey, real workers and beat, and the oracle."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import psycopg
import redis
from sqlalchemy import text

from service import bootstrap, settings
from service.bootstrap import Runtime
from service.delivery.shared_limits import PREFIX
from service.dispatch import TaskName
from service.embedded import ports
from service.embedded.postgres import EmbeddedPostgres
from service.embedded.probes import is_healthy
from service.embedded.stack import python_process
from service.embedded.valkey import EmbeddedValkey
from service.migrations import schema
from tests.faults.processes import Member, until
from tests.faults.relay import Relay

#: Short enough for patience; the defaults are measured apart (`PRODUCTION=1`).
QUICK = {"LEASE_SECONDS": "12", "SWEEP_SECONDS": "2", "SMTP_SECONDS": "3"}
#: Nobody waits longer than this for a world to recover.
PATIENCE = 100.0
#: So many tasks at once per worker; half of them may send bulk mail.
CONCURRENCY = 4
#: The workers, by the pool that each has.
WORKERS = ("threads", "prefork")
POOLS = {pool: ("--pool", pool, "--concurrency", str(CONCURRENCY)) for pool in WORKERS}


class World:
    """Everything that runs; use `running_world`."""

    def __init__(self, folder: Path, *, timing: dict[str, str]) -> None:
        self.folder = folder
        self.relay = Relay(folder)
        self._postgres = EmbeddedPostgres(
            folder / "postgres", settings={"fsync": "off", "full_page_writes": "off"}
        )
        self._valkey = EmbeddedValkey(folder / "valkey")
        self._timing = timing
        self.members: dict[str, Member] = {}
        self.patience = PATIENCE
        self._web_port = 0
        self.lease_seconds = float(timing.get("LEASE_SECONDS", "30"))

    @cached_property
    def env(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return inherited | self._timing | {
            "DATABASE_URL": self._postgres.url,
            "REDIS_URL": self._valkey.url,
            "PUBLIC_URL": "http://localhost:8000",
            "SECRET_KEY": "a key that is only ever used to break things",
            "SMTP_URL": f"smtp://127.0.0.1:{self.relay.port}",
            "HELO_NAME": "faults.test",
            "BROADSHEET_DATA": str(self.folder / "data"),
            "BROADSHEET_CONFIG": str(self.folder / "none.toml"),
        }  # fmt: skip

    @cached_property
    def runtime(self) -> Runtime:
        """The harness's own door to the database; it never sends."""
        for name, value in self.env.items():
            os.environ[name] = value
        try:
            return bootstrap.build(settings.load())
        finally:
            for name in self.env:
                if name not in {"PATH", "HOME", "LANG"}:
                    del os.environ[name]

    def start(self) -> None:
        """Start everything and wait until it works."""
        self.relay.start()
        self._postgres.prepare()
        self._valkey.prepare()
        user = self._postgres.user
        self._add("postgres", self._postgres.command(), user=user, folder=Path("/"), stop=signal.SIGINT)
        self._add("valkey", self._valkey.command(), folder=Path("/"))
        for name in ("postgres", "valkey"):
            self.members[name].start()
        self._wait_for_servers()
        schema.upgrade(self._postgres.url)
        for name in WORKERS:
            self._add(name, python_process("worker", *POOLS[name]))
        self._add("beat", python_process("beat"))
        (self._web_port,) = ports.find_free(1)
        self._add("web", python_process("web", "--port", str(self._web_port)))
        self.heal()

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self._web_port}"

    def serve(self) -> None:
        """Start the web server, which few faults need, and wait until it answers."""
        if not self.members["web"].alive:
            self.members["web"].start()
        until(lambda: is_healthy(self._web_port), seconds=60, sentence="The web server did not start.")

    def heal(self) -> None:
        """Start again whatever does not run, thaw what is frozen, and wait until workers take work."""
        for name in ("postgres", "valkey"):
            member = self.members[name]
            if not member.alive:
                self._prepare(name)
                member.start()
            member.signal(signal.SIGCONT, everybody=True)
            member.limit_files(None)
        self._wait_for_servers()
        started = [name for name in (*WORKERS, "beat") if not self.members[name].alive]
        for name in started:
            self.members[name].start()
        for name in WORKERS:
            self.thaw(name)
            self.members[name].bury()
            if name in started:
                self.wait_ready(name)
        self.relaunch([name for name in WORKERS if not self.members[name].ordinary])

    def relaunch(
        self, names: Sequence[str], *, program: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        """Stop workers in an orderly way and start them, for one life with another program or setting."""
        for name in names:
            self.members[name].signal(signal.SIGTERM)
        for name in names:
            self.members[name].stop()
            argv = [sys.executable, "-m", program, *POOLS[name]] if program else None
            self.members[name].start(argv=argv, env=env)
        for name in names:
            self.wait_ready(name)

    def forget_limits(self) -> None:
        """Let relays and domains that asked us to slow down be as fast as before."""
        for key in self.valkey.scan_iter(match=f"{PREFIX}*"):
            self.valkey.delete(key)

    def revive(self) -> None:
        """Start dead workers again, as they were: what a service manager does."""
        for name in WORKERS:
            if not self.members[name].alive:
                self.members[name].start_again()

    def freeze(self, name: str) -> None:
        self.members[name].signal(signal.SIGSTOP, everybody=True)

    def thaw(self, name: str) -> None:
        self.members[name].signal(signal.SIGCONT, everybody=True)

    def wait_ready(self, name: str) -> None:
        """Wait until a worker that was just started says that it is ready."""
        member = self.members[name]
        until(
            lambda: member.said(" ready."),
            seconds=60,
            sentence=f"The worker {name} did not start.",
            pause=0.1,
        )

    def second_beat(self) -> Member:
        """Return one more beat, not started yet."""
        return Member("beat 2", python_process("beat"), log=self.folder / "beat2.log", env=self.env)

    def restart(self, name: str) -> None:
        """Start a member again, as a service manager does after a moment."""
        time.sleep(0.5)
        self._prepare(name)
        self.members[name].start()
        if name in {"postgres", "valkey"}:
            self._wait_for_servers()

    def wake(self, *tasks: TaskName) -> None:
        """Send wake-ups; where the broker is away, the tick does it later."""
        for task in tasks:
            self.runtime.dispatcher.wake(task)

    def sql(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with self.runtime.sessions() as session, session.begin():
            result = session.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def admin(self, *statements: str) -> None:
        """Run statements that no setting of ours can forbid."""
        url = self._postgres.url.replace("+psycopg", "", 1)
        with psycopg.connect(
            url, autocommit=True, options="-c default_transaction_read_only=off", application_name="harness"
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def valkey_socket(self) -> str:
        return self._valkey.url.removeprefix("unix://")

    @property
    def valkey(self) -> "redis.Redis":
        return redis.Redis.from_url(self._valkey.url, socket_timeout=5)

    def close(self) -> None:
        for name in ("beat", *WORKERS):
            if name in self.members:
                self.members[name].signal(signal.SIGTERM)
        for name in ("beat", *WORKERS, *self.members):
            with suppress(KeyError):
                self.members[name].stop()
        if "runtime" in self.__dict__:
            self.runtime.engine.dispose()
        self.relay.kill()

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))

    def _prepare(self, name: str) -> None:
        if name == "postgres":
            self._postgres.prepare()
        if name == "valkey":
            self._valkey.prepare()

    def _wait_for_servers(self) -> None:
        for server in (self._postgres, self._valkey):
            until(server.ready, seconds=60, sentence="A server of the harness did not start.")

    def _add(
        self, name: str, argv: list[str], *, stop: signal.Signals = signal.SIGTERM, **values: object
    ) -> None:
        env = self.env if argv[0] == sys.executable else None
        log = self.folder / f"{name}.log"
        self.members[name] = Member(name, argv, log=log, env=env, stop_signal=stop, **values)  # type: ignore[arg-type]


@contextmanager
def running_world(*, timing: dict[str, str] | None = None) -> Iterator[World]:
    """Run an installation that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="bf-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        world = World(Path(name), timing=QUICK if timing is None else timing)
        try:
            world.start()
            yield world
        finally:
            world.close()
