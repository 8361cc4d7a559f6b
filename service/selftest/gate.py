"""A gate on the way to the inbox: lets SMTP through, and can hold the answer to one final dot.

That is the one moment in which nobody can know whether a mail arrived. Holding it lets the self-test kill a
worker exactly there.
"""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_DOT = b"\r\n.\r\n"


class Gate:
    """Forwards every connection to the inbox; a context manager."""

    def __init__(self, *, upstream_port: int) -> None:
        self._upstream = ("127.0.0.1", upstream_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._left: int | None = None
        #: Set when a final dot has gone through and its answer is being held.
        self.holding = threading.Event()
        #: How many connections have been held: so many mails can be in doubt.
        self.held = 0
        self._open = threading.Event()
        self._open.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        # close() alone does not wake a thread that waits in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def hold_after(self, mails: int) -> None:
        """From now on let so many mails through whole, and hold the answer to the next one's dot."""
        with self._lock:
            self._left = mails
        self.holding.clear()
        self._open.clear()

    def release(self) -> None:
        """Let everything through again."""
        with self._lock:
            self._left = None
        self._open.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._upstream)
            except OSError:
                client.close()
                continue
            held = threading.Event()
            for source, target, forward in (
                (client, server, self._to_inbox),
                (server, client, self._to_worker),
            ):
                threading.Thread(target=forward, args=(source, target, held), daemon=True).start()

    def _to_inbox(self, client: socket.socket, server: socket.socket, held: threading.Event) -> None:
        """Pass on what the worker says, counting final dots across the edges of what is read."""
        tail = b""
        with client, server, suppress(OSError):
            while data := client.recv(65536):
                seen = tail + data
                for _ in range(seen.count(_DOT) - tail.count(_DOT)):
                    self._count_dot(held)
                tail = seen[-len(_DOT) :]
                server.sendall(data)

    def _count_dot(self, held: threading.Event) -> None:
        with self._lock:
            if self._left is None:
                return
            if self._left > 0:
                self._left -= 1
                return
        held.set()

    def _to_worker(self, server: socket.socket, client: socket.socket, held: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if held.is_set():
                    # The inbox has the mail: what waits here is its answer.
                    with self._lock:
                        self.held += 1
                    self.holding.set()
                    self._open.wait()
                    held.clear()
                client.sendall(data)
