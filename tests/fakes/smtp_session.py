"""One conversation of the scripted SMTP server: commands may come pipelined, answers go out in order."""

import hashlib
import re
import select
import socket
import socketserver
import struct
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.smtp_server import SmtpServer

#: Hang up without an answer, hang up with a RST that may overtake answers already given, never answer, or
#: answer one byte at a time and never come to an end.
DROP, RESET, STALL, TRICKLE = "drop", "reset", "stall", "trickle"

#: A client that is hung up on may go on sending for a moment; what it says then is heard by nobody.
_DRAIN_SECONDS = 1.0
_HANGUP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
_NESTED, _NO_MAIL = "503 5.5.1 nested MAIL", "503 5.5.1 MAIL first"
_NO_RECIPIENTS = "554 5.5.1 no valid recipients"
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


class HungUp(Exception):  # not an error: the script wants it
    """The conversation ends here."""


class SmtpSession(socketserver.StreamRequestHandler):
    """Reads line by line, however much has come already: each step is decided when its turn comes."""

    state: "SmtpServer"
    stopping: threading.Event

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.taken, self.secret = 0, False
        self._forget()
        port = int(self.client_address[1])
        self.state.connections += 1
        self.state.open_ports.add(port)
        try:
            if self.state.implicit:
                self._encrypt()
            self._answer("greeting", "")
            while line := self.rfile.readline():
                if self._command(line.decode("utf-8").rstrip("\r\n")):
                    return
        except HungUp:
            self._drain()
        except OSError:
            return
        finally:
            self.state.open_ports.discard(port)
            if self.secret:
                self.request.close()

    def _forget(self) -> None:
        """Begin a new transaction."""
        self.sender: str | None = None
        self.recipient = ""
        #: Whether a recipient was accepted.
        self.wanted = False
        self.mail_at = 0.0

    def _command(self, line: str) -> bool:
        self.state.commands.append(line)
        if self.secret:
            self.state.encrypted.append(line)
        verb = line.split(" ")[0].split(":")[0].upper()
        if verb in {"MAIL", "RCPT", "DATA"}:
            getattr(self, f"_{verb.lower()}")(verb, line)
            return False
        if verb in {"EHLO", "HELO", "RSET"}:
            self._forget()
        usual = self._offers() if verb == "EHLO" else _USUAL.get(verb, "500 5.5.2 what?")
        reply = self._answer(verb, line, usual)
        if verb == "STARTTLS" and reply.startswith("220"):
            self._encrypt()
        return verb == "QUIT"

    def _mail(self, verb: str, line: str) -> None:
        nested = self.sender is not None
        reply = self._answer(verb, line, _NESTED if nested else _USUAL[verb])
        if reply.startswith("2") and not nested:
            self.sender, self.mail_at = _path(line), time.time()

    def _rcpt(self, verb: str, line: str) -> None:
        self.recipient = _path(line)
        reply = self._answer(verb, line, _NO_MAIL if self.sender is None else _USUAL[verb])
        self.wanted |= reply.startswith("2") and self.sender is not None

    def _data(self, verb: str, line: str) -> None:
        usual = _USUAL[verb] if self.wanted or self.state.takes_data_for_nobody else _NO_RECIPIENTS
        if self._answer(verb, line, usual).startswith("354"):
            self._take(line)
            self._forget()

    def _take(self, line: str) -> None:
        lines: list[bytes] = []
        body_at = 0.0
        while (data := self.rfile.readline()) != b".\r\n":
            if not data.endswith(b"\n"):
                raise OSError("The client is gone in the middle of a message.")
            body_at = body_at or time.time()
            lines.append(data[1:] if data.startswith(b".") else data)
            if len(lines) == 10 and (reply := self._decide("BODY", line)) is not None:
                self._say(reply)
        if not self.wanted:
            self._say(_NO_RECIPIENTS)
            return
        reply = self._decide("DOT", line) or _USUAL["DOT"]
        if reply.startswith(("2", "take+")):
            self.state.take(self._accepted(b"".join(lines), body_at))
            self.taken += 1
        if self.state.delay:
            time.sleep(self.state.delay)
        self._say(reply.removeprefix("take+"))

    def _accepted(self, raw: bytes, body_at: float) -> dict[str, object]:
        found = re.search(rb"^Message-ID: (<[^>]*>)", raw, re.MULTILINE)
        return {
            "sender": self.sender or "",
            "recipient": self.recipient,
            "message_id": found[1].decode() if found else "",
            "body_hash": hashlib.sha256(raw).hexdigest(),
            "raw": raw,
            "mail_at": self.mail_at,
            "body_at": body_at,
        }

    def _offers(self) -> str:
        lines = ["fake.test", *self.state.offers]
        return "\r\n".join(
            f"250{'-' if place < len(lines) - 1 else ' '}{text}" for place, text in enumerate(lines)
        )

    def _encrypt(self) -> None:
        assert self.state.tls is not None
        self.request = self.state.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.secret = True

    def _answer(self, verb: str, line: str, usual: str = "") -> str:
        reply = self._decide(verb, line) or usual or _USUAL[verb]
        self._say(reply)
        return reply

    def _decide(self, verb: str, line: str) -> str | None:
        return self.state.decide(verb, line, self.recipient, self.taken, int(self.client_address[1]))

    def _say(self, reply: str) -> None:
        if reply == DROP:
            raise HungUp
        if reply == RESET:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
            raise OSError("The connection was reset.")
        if reply == STALL:
            self._wait_for_hangup(60)
            raise HungUp
        if reply == TRICKLE:
            while not self.stopping.is_set():
                self.wfile.write(b"2")
                self.wfile.flush()
                time.sleep(0.1)
        self.wfile.write(reply.encode() + b"\r\n")
        self.wfile.flush()
        if reply.startswith("421"):
            raise HungUp

    def _wait_for_hangup(self, seconds: float) -> None:
        """Wait until the client is gone; what it has sent stays unread."""
        ends = time.monotonic() + seconds
        watch = select.poll()
        watch.register(self.request, _HANGUP)
        while time.monotonic() < ends and not self.stopping.is_set() and not watch.poll(200):
            pass

    def _drain(self) -> None:
        """Hang up so that what was answered before arrives: unread input would make it a RST."""
        if self.secret:
            return
        try:
            self.request.shutdown(socket.SHUT_WR)
            self.request.settimeout(_DRAIN_SECONDS)
            ends = time.monotonic() + _DRAIN_SECONDS
            while time.monotonic() < ends and self.request.recv(65_536):
                pass
        except OSError:
            return


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
