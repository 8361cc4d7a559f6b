"""A way to Redis that can go deaf: connections that exist stay open and carry nothing, new ones work.

That is what a firewall does which forgets a connection, or a machine that vanishes behind a moving address.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Carries bytes between a TCP port and a Unix socket; use `running`."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[tuple[socket.socket, socket.socket]] = []
        #: Those that are deaf are kept, so that nobody is hung up on.
        self._deaf: list[tuple[socket.socket, socket.socket]] = []

    @property
    def port(self) -> int:
        return int(self._door.getsockname()[1])

    def forget(self) -> int:
        """Make every connection of this moment deaf; return how many."""
        forgotten, self._open = self._open, []
        self._deaf += forgotten
        return len(forgotten)

    def serve(self) -> None:
        """Take connections until the door is closed."""
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._target)
            except OSError:
                client.close()
                continue
            pair = (client, server)
            self._open.append(pair)
            for here, there in (pair, pair[::-1]):
                threading.Thread(target=self._carry, args=(pair, here, there), daemon=True).start()

    def close(self) -> None:
        for pair in (*self._open, *self._deaf):
            for each in pair:
                each.close()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _carry(
        self, pair: tuple[socket.socket, socket.socket], here: socket.socket, there: socket.socket
    ) -> None:
        with suppress(OSError):
            while (data := here.recv(65_536)) and pair in self._open:
                there.sendall(data)
            if pair in self._open:
                there.shutdown(socket.SHUT_WR)


@contextmanager
def running(target: str) -> Iterator[Proxy]:
    """Serve in a thread."""
    proxy = Proxy(target)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
