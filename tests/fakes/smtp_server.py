"""A scripted SMTP server: the oracle of what was really accepted.

A script is asked before each answer and may return another reply, or one of the acts DROP, RESET, STALL and
TRICKLE. Clients may pipeline: every step is counted and answered in its turn.
"""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.smtp_session import DROP, RESET, STALL, TRICKLE, SmtpSession

__all__ = ["DROP", "RESET", "STALL", "TRICKLE", "Accepted", "Script", "SmtpServer", "Step", "running"]


@dataclass(frozen=True)
class Accepted:
    """One message that this server took over with its 250 to the final dot."""

    sender: str
    recipient: str
    message_id: str
    body_hash: str
    raw: bytes = field(repr=False)
    #: When MAIL was accepted, which may be early where it was pipelined behind the dot before, and when the
    #: first line of the text arrived.
    mail_at: float = 0.0
    body_at: float = 0.0


@dataclass(frozen=True)
class Step:
    """Where a session is: `verb` is greeting, EHLO, MAIL, RCPT, DATA, DOT, RSET, QUIT, AUTH or STARTTLS.

    BODY comes once per message, in the middle of its text; an answer to it is said out of turn.
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
    offers: tuple[str, ...] = ("PIPELINING", "SIZE 10485760", "8BITMIME")
    accepted: list[Accepted] = field(default_factory=list)
    connections: int = 0
    #: The clients' ports of the conversations that go on now.
    open_ports: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    #: Seconds between the 250 being decided and being said.
    delay: float = 0
    #: RFC 2920 3.1: some relays say 354 although every recipient was refused, and want a lone dot.
    takes_data_for_nobody: bool = False
    #: Certificate and key; STARTTLS is answered with them, or `implicit` TLS from the first byte.
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    #: Commands that came encrypted.
    encrypted: list[str] = field(default_factory=list)

    @property
    def recipients(self) -> list[str]:
        return [each.recipient for each in self.accepted]

    def decide(self, verb: str, line: str, recipient: str, taken: int, peer: int) -> str | None:
        return self.script(Step(verb, line, recipient, taken, len(self.accepted), peer))

    def take(self, values: dict[str, Any]) -> None:
        self.accepted.append(Accepted(**values))


@contextmanager
def running(script: Script | None = None, **values: object) -> Iterator[SmtpServer]:
    """Run the server in threads of this process."""
    server = SmtpServer(**values)  # type: ignore[arg-type]  # fields of the dataclass, by name
    if script is not None:
        server.script = script

    class Handler(SmtpSession):
        state = server
        stopping = threading.Event()

    with _Tcp(("127.0.0.1", server.port), Handler) as tcp:
        server.port = tcp.server_address[1]
        thread = threading.Thread(target=tcp.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            Handler.stopping.set()
            tcp.shutdown()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed on purpose are no news."""
