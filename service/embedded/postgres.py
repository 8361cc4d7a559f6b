"""PostgreSQL from the programs of a wheel: private socket, durable, ends with its parent."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from service.embedded import shelter
from service.embedded.binaries import find_postgres, major
from service.embedded.children import spawn
from service.embedded.leftovers import forget_dead_postmaster, postmaster, wait_until_gone
from service.embedded.logfiles import reason
from service.embedded.privileges import make_private, reachable_by, server_user
from service.embedded.sockets import socket_folder, tidy
from service.errors import StartupError

NAME = "broadsheet"
#: Said at both ends; the environment (PGPORT) may say otherwise.
PORT = "5432"
#: What to do about a cluster that cannot be used.
ADVICE = "restore it from a backup, or begin again with --fresh"
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "max_connections": "200", "shared_buffers": "128MB"}
_NEEDED = ("global/pg_control", "pg_wal", "base", "postgresql.conf", "pg_hba.conf")


class EmbeddedPostgres:
    """One cluster in one folder. `settings` overrides server settings (tests turn fsync off)."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        wanted = folder.resolve()
        self._settings = {**_DURABLE, **(settings or {})}
        self.user = server_user(_existing_cluster(wanted))
        self._home = shelter.find_home(wanted, user=self.user)
        self.folder = self._home.folder
        self._sockets = socket_folder(self.folder)

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database."""
        return f"postgresql+psycopg://{NAME}@/{NAME}?host={self._sockets}&port={PORT}"

    @property
    def moved(self) -> bool:
        """Whether the cluster is not in the folder that was asked for."""
        return self._home.moved

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    def prepare(self) -> None:
        """Make the cluster if there is none, check it if there is one.

        :raises StartupError: the folder holds something that this PostgreSQL cannot run, or one runs there.
        """
        if self.moved:
            shelter.move_in(self._home, user=self.user)
        for folder in (self.folder, self._sockets):
            make_private(folder, user=self.user)
        if not reachable_by(self.user, self.cluster):
            raise StartupError(
                f"The user {self.user.name if self.user else ''} owns the database in {self.folder} and "
                "cannot reach it there; open the folders above it, or begin again with --fresh."
            )
        if self.cluster.exists():
            self._check_cluster()
        else:
            self._make_cluster()

    def command(self) -> list[str]:
        """Return what the supervisor starts."""
        options = {
            **self._settings,
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(self._sockets),
            # The folder is closed to everybody else; root must get in as well.
            "unix_socket_permissions": "0777",
            "timezone": "UTC",
            "logging_collector": "off",
            "log_min_messages": "warning",
        }
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        return [str(find_postgres(self.user) / "postgres"), "-D", str(self.cluster), *flags]

    def ready(self) -> bool:
        """Whether it answers; makes the database on the first start."""
        try:
            with psycopg.connect(
                host=str(self._sockets),
                port=PORT,
                user=NAME,
                dbname="postgres",
                autocommit=True,
                connect_timeout=2,
            ) as connection:
                row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
                if row is None:
                    connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run it without a supervisor; yields the address. Ends with this process at the latest."""
        self.prepare()
        log = self.folder.parent / "postgres.log"
        with log.open("ab") as output:
            child = spawn(
                self.command(), user=self.user, death_signal=signal.SIGINT, output=output, folder=Path("/")
            )
        try:
            self._wait(child, log)
            yield self.url
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(20)
            tidy(self._sockets, folder=self.folder)

    def wipe(self) -> None:
        """Delete the cluster, wherever it is.

        :raises StartupError: a server runs on it.
        """
        self._wait_for_predecessor()
        tidy(self._sockets, folder=self.folder)
        shelter.move_out(self._home)
        shutil.rmtree(self._home.wanted, ignore_errors=True)

    def _wait(self, child: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + 30
        while not self.ready():
            if child.poll() is not None or time.monotonic() > end:
                why = reason(log.read_text(errors="replace").splitlines()[-20:])
                raise StartupError(f"PostgreSQL did not start: {why} (see {log}).")
            time.sleep(0.03)

    def _check_cluster(self) -> None:
        stamp = self.cluster / "PG_VERSION"
        ours = major(find_postgres(self.user))
        found = stamp.read_text().strip() if stamp.is_file() else None
        if found is None:
            raise StartupError(
                f"The database folder {self.cluster} is damaged: it has no PG_VERSION; {ADVICE}."
            )
        if found != str(ours):
            raise StartupError(
                f"The database folder {self.cluster} holds a database of PostgreSQL {found}, and this is "
                f"PostgreSQL {ours}; {ADVICE}."
            )
        if missing := [name for name in _NEEDED if not (self.cluster / name).exists()]:
            raise StartupError(
                f"The database folder {self.cluster} is damaged: {', '.join(missing)} is missing; {ADVICE}."
            )
        self._wait_for_predecessor()
        forget_dead_postmaster(self.cluster)

    def _wait_for_predecessor(self) -> None:
        wait_until_gone(
            lambda: postmaster(self.cluster) is not None,
            sentence=f"PostgreSQL already runs on {self.cluster} (process {postmaster(self.cluster)}); "
            "stop that one first.",
        )

    def _make_cluster(self) -> None:
        # Made beside its place and then moved: one that was interrupted is never taken for a whole one.
        half = self.folder / "cluster.half"
        shutil.rmtree(half, ignore_errors=True)
        done = subprocess.run(
            [str(find_postgres(self.user) / "initdb"), "-D", str(half), "-U", NAME, "--auth=trust",
             "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
             *(["--no-sync"] if self._settings["fsync"] == "off" else [])],
            capture_output=True, text=True, check=False, cwd="/",
            user=self.user.uid if self.user else None, group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
        )  # fmt: skip
        if done.returncode != 0:
            raise StartupError(
                f"PostgreSQL could not make its database in {self.folder}: {reason(done.stderr.splitlines())}"
            )
        half.rename(self.cluster)


def _existing_cluster(wanted: Path) -> Path:
    pointer = wanted / shelter.POINTER
    return (Path(pointer.read_text().strip()) if pointer.is_file() else wanted) / "cluster"
