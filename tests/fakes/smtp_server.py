"""A scripted SMTP server: the oracle of what was really accepted.

A script is asked before each answer and may return another reply, or one of the acts DROP and STALL.
"""

import hashlib
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: Hang up without an answer, never answer, or answer one byte at a time and never come to an end.
DROP, STALL, TRICKLE = "drop", "stall", "trickle"


@dataclass(frozen=True)
class Accepted:
    """One message that this server took over with its 250 to the final dot."""

    sender: str
    recipient: str
    message_id: str
    body_hash: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class Step:
    """Where a session is: `verb` is greeting, EHLO, MAIL, RCPT, DATA, DOT, RSET, QUIT, AUTH or STARTTLS.

    BODY comes once per message, in the middle of its text; the only answer to it is to hang up.
    """

    verb: str
    line: str
    recipient: str
    #: How many messages this connection, and this server, took so far.
    taken: int
    total: int
    #: The client's port.
    peer: int = 0


Script = Callable[[Step], str | None]


@dataclass
class SmtpServer:
    """What a test sees of the server."""

    port: int = 0
    script: Script = lambda _step: None
    offers: tuple[str, ...] = ("SIZE 10485760", "8BITMIME")
    accepted: list[Accepted] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    #: Seconds between the 250 being decided and being said.
    delay: float = 0
    #: Certificate and key; STARTTLS is answered with them, or `implicit` TLS from the first byte.
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    #: Commands that came encrypted.
    encrypted: list[str] = field(default_factory=list)

    @property
    def recipients(self) -> list[str]:
        return [each.recipient for each in self.accepted]


_USUAL = {
    "greeting": "220 fake.test ready",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 queued",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
    "AUTH": "235 2.7.0 welcome",
    "HELO": "250 fake.test",
    "STARTTLS": "220 2.0.0 go",
}


@contextmanager
def running(script: Script | None = None, **values: object) -> Iterator[SmtpServer]:
    """Run the server in threads of this process."""
    server = SmtpServer(**values)  # type: ignore[arg-type]
    if script is not None:
        server.script = script

    class Handler(_Session):
        state = server

    with _Tcp(("127.0.0.1", server.port), Handler) as tcp:
        server.port = tcp.server_address[1]
        thread = threading.Thread(target=tcp.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            tcp.stopping.set()
            tcp.shutdown()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: object) -> None:
        self.stopping = threading.Event()
        super().__init__(*args)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed on purpose are no news."""


class _HungUp(Exception):
    pass


class _Session(socketserver.StreamRequestHandler):
    state: SmtpServer
    server: _Tcp

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.state.connections += 1
        self.taken, self.sender, self.recipient, self.secret = 0, "", "", False
        try:
            if self.state.implicit:
                self._encrypt()
            self._answer("greeting", "", _USUAL["greeting"])
            while line := self.rfile.readline():
                if self._command(line.decode("utf-8").rstrip("\r\n")):
                    return
        except (_HungUp, OSError):
            return
        finally:
            if self.secret:
                self.request.close()

    def _command(self, line: str) -> bool:
        self.state.commands.append(line)
        if self.secret:
            self.state.encrypted.append(line)
        verb = line.split(" ")[0].split(":")[0].upper()
        if verb == "EHLO":
            lines = ["fake.test", *self.state.offers]
            usual = "\r\n".join(
                f"250{'-' if place < len(lines) - 1 else ' '}{text}" for place, text in enumerate(lines)
            )
            self._answer(verb, line, usual)
        elif verb == "DATA":
            if self._answer(verb, line, _USUAL[verb]).startswith("354"):
                self._take(line)
        else:
            if verb == "MAIL":
                self.sender, self.recipient = _path(line), ""
            if verb == "RCPT":
                self.recipient = _path(line)
            reply = self._answer(verb, line, _USUAL.get(verb, "500 5.5.2 what?"))
            if verb == "STARTTLS" and reply.startswith("220"):
                self._encrypt()
        return verb == "QUIT"

    def _encrypt(self) -> None:
        assert self.state.tls is not None
        self.request = self.state.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.secret = True

    def _take(self, line: str) -> None:
        lines = []
        while (data := self.rfile.readline()) != b".\r\n":
            if not data:
                raise _HungUp
            lines.append(data[1:] if data.startswith(b".") else data)
            if len(lines) == 10 and self._decide("BODY", line) == DROP:
                raise _HungUp
        raw = b"".join(lines)
        found = re.search(rb"^Message-ID: (<[^>]*>)", raw, re.MULTILINE)
        accepted = Accepted(
            self.sender,
            self.recipient,
            found[1].decode() if found else "",
            hashlib.sha256(raw).hexdigest(),
            raw,
        )
        reply = self._decide("DOT", line) or _USUAL["DOT"]
        if reply[:1] == "2" or reply.startswith("take+"):
            self.state.accepted.append(accepted)
            self.taken += 1
        if self.state.delay:
            time.sleep(self.state.delay)
        self._say(reply.removeprefix("take+"))

    def _answer(self, verb: str, line: str, usual: str) -> str:
        reply = self._decide(verb, line) or usual
        self._say(reply)
        return reply

    def _decide(self, verb: str, line: str) -> str | None:
        peer = int(self.client_address[1])
        return self.state.script(Step(verb, line, self.recipient, self.taken, len(self.state.accepted), peer))

    def _say(self, reply: str) -> None:
        if reply == DROP:
            raise _HungUp
        if reply == STALL:
            self.server.stopping.wait(60)
            raise _HungUp
        if reply == TRICKLE:
            for _ in range(100):
                self.wfile.write(b"2")
                self.wfile.flush()
                time.sleep(0.1)
        self.wfile.write(reply.encode() + b"\r\n")
        self.wfile.flush()
        if reply.startswith("421"):
            raise _HungUp


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
