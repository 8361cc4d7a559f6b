"""A live check of a relay: the very session that sending opens, with every step written down, and no mail."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.delivery import relay_hints
from service.delivery.replies import Reply
from service.delivery.smtp import Deadlines, RelayUnusable, SmtpSession
from service.delivery.wire import Wire
from service.settings import RelayAddress

#: For the whole check; a relay that has not let us in by then is too slow to be of use.
SECONDS = 15.0
_LONGEST_REPLY = 600


class Kind(StrEnum):
    """What was done at a step, in the order in which it is done."""

    NAME = "name"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    CERTIFICATE = "certificate"
    AUTH = "auth"


@dataclass(slots=True)
class Step:
    """One step with what the relay answered, as it came; nothing of the password is in it."""

    kind: Kind
    #: What we did: a command, or a sentence.
    did: str
    reply: str = ""
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check; without a problem, mail can go this way."""

    steps: tuple[Step, ...]
    #: Why mail cannot go this way, and what to do about it.
    problem: str = ""
    advice: str = ""
    #: What works and might be better.
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def works(self) -> bool:
        return not self.problem


def check(relay: RelayAddress, *, helo_name: str, seconds: float = SECONDS) -> Checked:
    """Connect, greet, encrypt and log in as a sender would, and say goodbye; never longer than `seconds`.

    Only for relays that the settings name: whoever may write there may reach any address of this machine.
    """
    began = time.monotonic()
    steps: list[Step] = []
    ends = began + seconds

    def left() -> float:
        return max(0.0, ends - time.monotonic())

    try:
        sock = _connect(relay, steps, seconds=seconds)
        wire = RecordingWire(sock, steps, relay=relay, on_wait=left)
        session = SmtpSession.over(
            wire, relay, helo_name=helo_name, deadlines=Deadlines().capped(max(left(), 0.5))
        )
    except RelayUnusable as error:
        if steps:
            steps[-1].ok = False
        advice = relay_hints.next_step(steps[-1].kind if steps else Kind.NAME, relay, error)
        return Checked(tuple(steps), str(error), advice, seconds=time.monotonic() - began)
    remarks = relay_hints.remarks(relay, session, helo_name=helo_name)
    session.quit()
    return Checked(tuple(steps), remarks=remarks, seconds=time.monotonic() - began)


class RecordingWire(Wire):
    """Writes down what is said on a connection, without what logs us in."""

    def __init__(
        self, sock: socket.socket, steps: list[Step], *, relay: RelayAddress, on_wait: Callable[[], float]
    ) -> None:
        super().__init__(sock, on_wait=on_wait)
        self._steps, self._relay = steps, relay
        self._left = on_wait
        self._hidden = _secrets_of(relay)
        self._secrets = 0
        if relay.tls != "implicit":
            steps.append(Step(Kind.GREETING, "Waited for its greeting"))

    def encrypt(self, context: ssl.SSLContext, *, host: str, seconds: float) -> None:
        """Start TLS, and write down with whom."""
        step = Step(Kind.CERTIFICATE, f"Checked that its certificate is valid for {host}")
        self._steps.append(step)
        super().encrypt(context, host=host, seconds=max(0.1, min(seconds, self._left())))
        step.reply = _certificate(self._socket)
        if self._relay.tls == "implicit":
            self._steps.append(Step(Kind.GREETING, "Waited for its greeting"))

    def send(self, data: bytes, *, seconds: float) -> None:
        """Send a command; of a login only its method is kept."""
        words = data.decode("utf-8", "replace").split()
        verb = words[0].upper() if words else ""
        if verb == "AUTH":
            self._secrets = 2 if words[1:2] == ["LOGIN"] else 0
            did = f"AUTH {' '.join(words[1:2])} as {self._relay.username}, password hidden"
            self._steps.append(Step(Kind.AUTH, did))
        elif self._secrets:
            self._secrets -= 1
        elif verb in {"EHLO", "HELO"}:
            self._steps.append(Step(Kind.EHLO, " ".join(words)))
        elif verb == "STARTTLS":
            self._steps.append(Step(Kind.STARTTLS, "STARTTLS"))
        super().send(data, seconds=seconds)

    def read_reply_lines(self, *, seconds: float) -> tuple[list[str], Reply]:
        """Read a reply into the step that asked for it."""
        lines, reply = super().read_reply_lines(seconds=seconds)
        said = "\n".join(f"{reply.code} {line}" for line in lines)
        for secret in self._hidden:
            said = said.replace(secret, "…")
        self._steps[-1].reply = said[:_LONGEST_REPLY]
        return lines, reply


def _connect(relay: RelayAddress, steps: list[Step], *, seconds: float) -> socket.socket:
    ends = time.monotonic() + seconds
    steps.append(step := Step(Kind.NAME, f"Looked up {relay.host}"))
    addresses = _addresses(relay, seconds=seconds / 2)
    if not addresses:
        raise RelayUnusable(f"The name {relay.host} leads to no address.")
    step.reply = ", ".join(dict.fromkeys(str(address[0]) for _, address in addresses))
    why = ""
    for place, (family, address) in enumerate(addresses):
        steps.append(step := Step(Kind.CONNECT, f"Connected to {address[0]}, port {relay.port}"))
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(max(0.5, (ends - time.monotonic()) / (len(addresses) - place) / 1.5))
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            why = error.strerror or "no answer in time"
            step.did, step.reply, step.ok = f"Tried {address[0]}, port {relay.port}", why, False
        else:
            return sock
    raise RelayUnusable(f"The relay {relay.label} cannot be reached ({why}).")


def _addresses(relay: RelayAddress, *, seconds: float) -> list[tuple[int, Any]]:
    """Look the name up in a thread: the system's look-up cannot be told when to stop."""
    found: list[tuple[int, Any]] = []

    def look() -> None:
        try:
            answers = socket.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
        except OSError:
            return
        found.extend((int(family), address) for family, *_, address in answers)

    thread = threading.Thread(target=look, name="look-up-relay", daemon=True)
    thread.start()
    thread.join(seconds)
    return list(found)


def _secrets_of(relay: RelayAddress) -> tuple[str, ...]:
    """Return every way in which the password goes over the wire: a relay may repeat what it was told."""
    password = relay.password or ""
    both = f"\0{relay.username or ''}\0{password}"
    texts = [password, *(base64.b64encode(each.encode()).decode() for each in (password, both))]
    return tuple(texts) if password else ()


def _certificate(sock: socket.socket) -> str:
    if not isinstance(sock, ssl.SSLSocket):
        return ""
    certificate = sock.getpeercert() or {}
    named: Any = certificate.get("subjectAltName", ())
    names = [str(value) for kind, value in named if kind == "DNS"]
    until = certificate.get("notAfter", "")
    said = [str(sock.version())]
    if names:
        said.append(f"for {', '.join(names[:4])}")
    if until:
        said.append(f"until {until}")
    return ", ".join(said)
