"""A socket with deadlines: a relay that trickles gets no more time than one that is silent."""

import socket
import ssl
import time
from collections.abc import Callable

from service.delivery.replies import Reply, make_reply
from service.errors import DeliveryError

#: Called about once a second while the relay is silent; returns the seconds we are still willing to wait
#: (None: as long as the protocol says). Leases are renewed and a stop is noticed here.
OnWait = Callable[[], float | None]

_SLICE = 0.5
_LONGEST_LINE = 4096
_MOST_LINES = 200


class ConnectionLost(DeliveryError):
    """The relay hung up, fell silent past the deadline, or answered with something that is no SMTP.

    `untouched` is True when it is certain that no byte of what was being sent left this machine.
    """

    def __init__(self, message: str, *, untouched: bool = False) -> None:
        super().__init__(message)
        self.untouched = untouched


class Wire:
    """One connection: sends bytes, reads replies, each within a number of seconds."""

    def __init__(self, sock: socket.socket, *, on_wait: OnWait) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._on_wait = on_wait
        sock.settimeout(_SLICE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def peer(self) -> str:
        """The address we are really connected to."""
        return str(self._socket.getpeername()[0])

    def encrypt(self, context: ssl.SSLContext, *, host: str, seconds: float) -> None:
        """Start TLS; whatever was received before is refused (it was not protected)."""
        if self._buffer:
            raise ConnectionLost("The relay said more than it may before TLS.")
        self._socket.settimeout(seconds)
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise DeliveryError(
                f"The relay's certificate is not valid for {host} ({error.verify_message})."
            ) from error
        except OSError as error:
            raise ConnectionLost(f"TLS with the relay failed ({_name(error)}).") from error
        self._socket.settimeout(_SLICE)

    def send(self, data: bytes, *, seconds: float) -> None:
        """Send everything.

        :raises ConnectionLost: some of it may be under way, unless `untouched`.
        """
        deadline = _Deadline(seconds, self._on_wait)
        view, sent = memoryview(data), 0
        while sent < len(data):
            try:
                sent += self._socket.send(view[sent : sent + 65_536])
            except TimeoutError as error:
                if deadline.passed():
                    raise self._lost(sent) from error
            except OSError as error:
                raise self._lost(sent) from error

    def read_reply(self, *, seconds: float) -> Reply:
        """Read one reply.

        :raises ConnectionLost: no complete reply came within these seconds.
        """
        return self.read_reply_lines(seconds=seconds)[1]

    def read_reply_lines(self, *, seconds: float) -> tuple[list[str], Reply]:
        """Read one reply and return the text of each of its lines as well: EHLO lists its offers so."""
        deadline = _Deadline(seconds, self._on_wait)
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            line = self._read_line(deadline)
            code, separator = line[:3], line[3:4]
            if not code.isdigit() or separator not in {"", " ", "-"}:
                raise ConnectionLost("The relay's answer is no SMTP reply.")
            lines.append(line[4:])
            if separator != "-":
                return lines, make_reply(int(code), lines)
        raise ConnectionLost("The relay's answer does not end.")

    def close(self) -> None:
        self._socket.close()

    def _read_line(self, deadline: "_Deadline") -> str:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise ConnectionLost("The relay's answer is no SMTP reply.")
            self._receive(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.decode("utf-8", "replace").rstrip("\r")

    def _receive(self, deadline: "_Deadline") -> None:
        if deadline.passed():
            raise ConnectionLost("The relay took too long to answer.")
        try:
            data = self._socket.recv(16_384)
        except TimeoutError:
            return
        except OSError as error:
            raise ConnectionLost(f"The connection to the relay broke ({_name(error)}).") from error
        if not data:
            raise ConnectionLost("The relay closed the connection.")
        self._buffer += data

    def _lost(self, sent: int) -> ConnectionLost:
        # Under TLS a failed write may have left some of its record in the kernel.
        return ConnectionLost(
            "The connection to the relay broke.", untouched=sent == 0 and not self.encrypted
        )


class _Deadline:
    """An end that may come nearer while we wait, and never moves away."""

    def __init__(self, seconds: float, on_wait: OnWait) -> None:
        self._end = time.monotonic() + seconds
        self._on_wait = on_wait
        self._next_look = time.monotonic() + _SLICE

    def passed(self) -> bool:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SLICE
            willing = self._on_wait()
            if willing is not None:
                self._end = min(self._end, now + willing)
        return now >= self._end


def _name(error: OSError) -> str:
    return error.strerror or type(error).__name__
