"""A socket with deadlines: a relay that trickles gets no more time than one that is silent.

A session is opened with calls that wait. Afterwards `stop_waiting` makes the wire one of many in a loop: it
then sends and reads what the kernel takes and has, and the loop keeps the deadlines.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from service.delivery.replies import Reply, make_reply
from service.errors import DeliveryError

#: Called about once a second while the relay is silent; returns the seconds we are still willing to wait
#: (None: as long as the protocol says). Leases are renewed and a stop is noticed here.
OnWait = Callable[[], float | None]

_SLICE = 0.5
_LONGEST_LINE = 4096
_MOST_LINES = 200
#: A whole mail of usual size and the next envelope fit in, so that one call hands both to the kernel.
_SEND_BUFFER = 256 * 1024
_BUSY = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ConnectionLost(DeliveryError):
    """The relay hung up, fell silent past the deadline, or answered with something that is no SMTP."""


class Wire:
    """One connection: sends bytes, reads replies, each within a number of seconds."""

    def __init__(self, sock: socket.socket, *, on_wait: OnWait) -> None:
        self._socket = sock
        self._buffer = bytearray()
        #: Lines of a reply that is not complete yet.
        self._lines: list[str] = []
        self._waiting: memoryview | None = None
        #: How many bytes were given to `push`, and how many of them the kernel has taken.
        self.given = self.taken = 0
        self._on_wait = on_wait
        sock.settimeout(_SLICE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def peer(self) -> str:
        """The address we are really connected to.

        :raises ConnectionLost: the relay has hung up since it spoke.
        """
        try:
            return str(self._socket.getpeername()[0])
        except OSError as error:
            raise ConnectionLost(f"The connection to the relay broke ({_name(error)}).") from error

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

        :raises ConnectionLost: some of it may be under way.
        """
        deadline = _Deadline(seconds, self._on_wait)
        view, sent = memoryview(data), 0
        while sent < len(data):
            try:
                sent += self._socket.send(view[sent : sent + 65_536])
            except TimeoutError as error:
                if deadline.passed():
                    raise ConnectionLost("The relay took too long to listen.") from error
            except OSError as error:
                raise ConnectionLost(f"The connection to the relay broke ({_name(error)}).") from error

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
            code, separator, text = _parts(self._read_line(deadline))
            lines.append(text)
            if separator != "-":
                return lines, make_reply(code, lines)
        raise ConnectionLost("The relay's answer does not end.")

    def close(self) -> None:
        self._socket.close()

    def stop_waiting(self) -> None:
        """Turn into a member of a loop: from here on `push`, `flush`, `pull` and `next_reply` are used."""
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def full(self) -> bool:
        """Say whether something waits until the kernel takes more (`flush`)."""
        return self._waiting is not None

    def has_left(self, place: int) -> bool:
        """Say whether the byte before this place of all that was given may have left this machine."""
        # A failed write of TLS may have sent any of its records.
        return self.taken >= place or (self.encrypted and self._waiting is not None)

    def push(self, *parts: bytes) -> None:
        """Give bytes to the kernel, behind those that wait.

        :raises ConnectionLost: see `has_left` for how far it came.
        """
        size = sum(map(len, parts))
        self.given += size
        if self._waiting is None and not self.encrypted:
            sent = self._send_parts(parts)
            self.taken += sent
            if sent == size:
                return
            self._waiting = memoryview(b"".join(parts))[sent:]
            return
        waiting = b"" if self._waiting is None else self._waiting.tobytes()
        self._waiting = memoryview(b"".join((waiting, *parts)))
        self.flush()

    def _send_parts(self, parts: Sequence[bytes]) -> int:
        """Hand them over without putting them together first: for a mail that is 30 KB of copying."""
        try:
            return self._socket.sendmsg(parts)
        except _BUSY:
            return 0
        except OSError as error:
            raise ConnectionLost(f"The connection to the relay broke ({_name(error)}).") from error

    def flush(self) -> None:
        """Give the kernel what waits, as far as it takes it.

        :raises ConnectionLost: see `has_left` for how far it came.
        """
        while self._waiting is not None:
            try:
                sent = self._socket.send(self._waiting)
            except _BUSY:
                return
            except OSError as error:
                raise ConnectionLost(f"The connection to the relay broke ({_name(error)}).") from error
            self.taken += sent
            self._waiting = self._waiting[sent:] if sent < len(self._waiting) else None

    def pull(self) -> None:
        """Read what is there.

        :raises ConnectionLost: the relay has hung up; replies that came before are there all the same.
        """
        while True:
            try:
                data = self._socket.recv(16_384)
            except _BUSY:
                return
            except OSError as error:
                raise ConnectionLost(f"The connection to the relay broke ({_name(error)}).") from error
            if not data:
                raise ConnectionLost("The relay closed the connection.")
            self._buffer += data
            # TLS may hold more than the kernel says is there.
            if len(data) < 16_384 and not self.encrypted:
                return

    def next_reply(self) -> Reply | None:
        """Return the next complete reply, if there is one.

        :raises ConnectionLost: what was read is no SMTP.
        """
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if not self._lines and line[3:4] != b"-":
                return _one_line(line)
            code, separator, text = _parts(line)
            self._lines.append(text)
            if separator != "-":
                lines, self._lines = self._lines, []
                return make_reply(code, lines)
            if len(self._lines) >= _MOST_LINES:
                raise ConnectionLost("The relay's answer does not end.")
        if len(self._buffer) > _LONGEST_LINE:
            raise ConnectionLost("The relay's answer is no SMTP reply.")
        return None

    def _read_line(self, deadline: "_Deadline") -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise ConnectionLost("The relay's answer is no SMTP reply.")
            self._receive(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

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


def _parts(line: bytes) -> tuple[int, str, str]:
    """Split a line of a reply into code, separator and text.

    :raises ConnectionLost: it is none.
    """
    code, separator = line[:3], line[3:4].rstrip(b"\r")
    if not (len(code) == 3 and code.isdigit()) or separator not in {b"", b" ", b"-"}:
        raise ConnectionLost("The relay's answer is no SMTP reply.")
    return int(code), separator.decode(), line[4:].decode("utf-8", "replace").rstrip("\r")


# A relay says the same few sentences all day; only those that name a queue id differ.
@lru_cache(maxsize=512)
def _one_line(line: bytes) -> Reply:
    code, _, text = _parts(line)
    return make_reply(code, [text])


def _name(error: OSError) -> str:
    return error.strerror or type(error).__name__
