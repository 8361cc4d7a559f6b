"""A session with a relay, each phase a call of its own: we always know whether the final dot went out."""

import base64
import ipaddress
import socket
import ssl
import time
from dataclasses import asdict, dataclass
from typing import NamedTuple, Self

from service.delivery.replies import Kind, Phase, Reply, Verdict, classify
from service.delivery.wire import ConnectionLost, OnWait, Wire
from service.errors import DeliveryError
from service.settings import RelayAddress


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for each phase, not for each read (RFC 5321 4.5.3.2)."""

    connect: float = 30
    greeting: float = 300
    helo: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    reset: float = 20
    quit: float = 2

    def capped(self, seconds: float) -> "Deadlines":
        """Return the same, none of them longer than this."""
        return Deadlines(**{name: min(value, seconds) for name, value in asdict(self).items()})


class Envelope(NamedTuple):
    """Who a mail comes from and goes to on the wire; both checked by `headers.ascii_domain`."""

    sender: str
    recipient: str

    @property
    def needs_smtputf8(self) -> bool:
        return not self.recipient.isascii()


class RelayUnusable(DeliveryError):
    """The way out is closed and no message is to blame; `reply` is what the relay said, if anything."""

    def __init__(self, problem: str, *, reply: Reply | None = None) -> None:
        super().__init__(problem)
        self.reply = reply


class SmtpSession:
    """An open, greeted, encrypted and authenticated session; use `connect`."""

    def __init__(self, wire: Wire, *, deadlines: Deadlines) -> None:
        self.wire = wire
        self._deadlines = deadlines
        self._extensions: dict[str, str] = {}
        self.opened_at = time.monotonic()
        #: Whether the relay is on this machine, where nobody listens in between.
        self.is_local = False

    @classmethod
    def connect(cls, relay: RelayAddress, *, helo_name: str, on_wait: OnWait, deadlines: Deadlines) -> Self:
        """Open a session.

        :raises RelayUnusable: the relay cannot be reached, or will not work with us.
        """
        where = f"The relay {relay.host}:{relay.port}"
        try:
            sock = socket.create_connection((relay.host, relay.port), timeout=deadlines.connect)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise RelayUnusable(f"{where} cannot be reached ({why}).") from error
        return cls.over(Wire(sock, on_wait=on_wait), relay, helo_name=helo_name, deadlines=deadlines)

    @classmethod
    def over(cls, wire: Wire, relay: RelayAddress, *, helo_name: str, deadlines: Deadlines) -> Self:
        """Open a session over a connection that is there; it is closed where that fails.

        :raises RelayUnusable: the relay will not work with us.
        """
        session = cls(wire, deadlines=deadlines)
        try:
            session._open(relay, helo_name=helo_name)
        except RelayUnusable:
            session.close()
            raise
        except DeliveryError as error:
            session.close()
            raise RelayUnusable(f"The relay {relay.label} is not usable: {error}") from error
        return session

    @property
    def largest(self) -> int | None:
        """The largest message the relay takes, if it says so (RFC 1870)."""
        size = self._extensions.get("SIZE", "")
        return int(size) if size.isascii() and size.isdigit() and int(size) > 0 else None

    @property
    def takes_smtputf8(self) -> bool:
        return "SMTPUTF8" in self._extensions

    @property
    def pipelines(self) -> bool:
        """Say whether commands may be sent before earlier ones are answered (RFC 2920)."""
        return "PIPELINING" in self._extensions

    def commands(self, envelope: Envelope, *, size: int) -> tuple[bytes, bytes, bytes]:
        """Return MAIL, RCPT and DATA for one message, each with its line end."""
        parameters = f" SIZE={size}" if "SIZE" in self._extensions else ""
        if envelope.needs_smtputf8:
            parameters += " SMTPUTF8 BODY=8BITMIME"
        mail = f"MAIL FROM:<{envelope.sender}>{parameters}\r\n"
        rcpt = f"RCPT TO:<{envelope.recipient}>\r\n"
        if mail.count("\n") > 1 or rcpt.count("\n") > 1 or "\0" in mail + rcpt:
            raise DeliveryError("A command may not hold a line break.")
        return mail.encode(), rcpt.encode(), b"DATA\r\n"

    def refusal(self, envelope: Envelope, *, size: int) -> Verdict | None:
        """Say what the relay has told us beforehand that it will not take."""
        if self.largest is not None and size > self.largest:
            return Verdict(Kind.FAILED, "too_big")
        if envelope.needs_smtputf8 and not self.takes_smtputf8:
            return Verdict(Kind.FAILED, "needs_smtputf8")
        return None

    def quit(self) -> None:
        """Say goodbye and hang up. A courtesy: what was accepted is recorded, and no answer changes it."""
        try:
            self.wire.push(b"QUIT\r\n")
        except ConnectionLost:
            pass
        finally:
            self.close()

    def close(self) -> None:
        self.wire.close()

    def _open(self, relay: RelayAddress, *, helo_name: str) -> None:
        limits = self._deadlines
        # Asked once: of a connection that has broken since, nobody knows any more where it led.
        self.is_local = _is_loopback(self.wire.peer)
        if relay.tls == "implicit":
            self.wire.encrypt(ssl.create_default_context(), host=relay.host, seconds=limits.connect)
        self._expect(Phase.CONNECT, self.wire.read_reply(seconds=limits.greeting), "its greeting")
        self._hello(helo_name)
        if self._wants_starttls(relay):
            self._expect(Phase.HELO, self._command("STARTTLS", limits.helo), "STARTTLS")
            self.wire.encrypt(ssl.create_default_context(), host=relay.host, seconds=limits.connect)
            # What was said before TLS is forgotten (RFC 3207 4.2).
            self._hello(helo_name)
        if relay.username is not None:
            self._log_in(relay.username, relay.password or "")

    def _hello(self, name: str) -> None:
        reply_lines = self._command_lines(f"EHLO {name}")
        if reply_lines is None:
            self._extensions = {}
            self._expect(Phase.HELO, self._command(f"HELO {name}", self._deadlines.helo), "HELO")
            return
        words = [line.split(" ", 1) for line in reply_lines[1:]]
        self._extensions = {each[0].upper(): each[1] if len(each) > 1 else "" for each in words}

    def _command_lines(self, command: str) -> list[str] | None:
        """Return the lines of a positive reply; None where the relay does not know the command."""
        self.wire.send(command.encode() + b"\r\n", seconds=self._deadlines.helo)
        lines, reply = self.wire.read_reply_lines(seconds=self._deadlines.helo)
        if reply.code in {500, 502}:
            return None
        self._expect(Phase.HELO, reply, "EHLO")
        return lines

    def _wants_starttls(self, relay: RelayAddress) -> bool:
        if self.wire.encrypted or (relay.tls == "opportunistic" and self.is_local):
            return False
        if "STARTTLS" in self._extensions:
            return True
        if relay.tls == "required":
            raise RelayUnusable(
                f"The relay {relay.host}:{relay.port} offers no STARTTLS, and the settings require it."
            )
        return False

    def _log_in(self, username: str, password: str) -> None:
        if not self.wire.encrypted and not self.is_local:
            raise RelayUnusable("The relay offers no TLS; the password is not sent in clear.")
        methods = self._extensions.get("AUTH", "").upper().split()
        if "PLAIN" in methods:
            token = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
            reply = self._command(f"AUTH PLAIN {token}", self._deadlines.helo)
        elif "LOGIN" in methods:
            self._command("AUTH LOGIN", self._deadlines.helo)
            self._command(base64.b64encode(username.encode()).decode(), self._deadlines.helo)
            reply = self._command(base64.b64encode(password.encode()).decode(), self._deadlines.helo)
        else:
            raise RelayUnusable("The relay offers no login that we know (PLAIN or LOGIN).")
        self._expect(Phase.HELO, reply, "our login")

    def _expect(self, phase: Phase, reply: Reply, what: str) -> None:
        if classify(phase, reply).kind is Kind.GO_ON:
            return
        if phase is Phase.CONNECT:
            raise RelayUnusable(f"The relay does not want to talk to us ({reply.code}).", reply=reply)
        raise RelayUnusable(f"The relay refused {what} ({reply.code}).", reply=reply)

    def _command(self, line: str, seconds: float) -> Reply:
        if "\r" in line or "\n" in line or "\0" in line:
            raise DeliveryError("A command may not hold a line break.")
        self.wire.send(line.encode() + b"\r\n", seconds=seconds)
        return self.wire.read_reply(seconds=seconds)


def _is_loopback(peer: str) -> bool:
    return ipaddress.ip_address(peer.partition("%")[0]).is_loopback
