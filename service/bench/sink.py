"""An SMTP server that takes everything and keeps nothing: `python -m service.bench.sink PORT DELAY_SECONDS`.

Quick rather than complete; it counts final dots, and tells the number to whoever asks with HELP.
"""

import asyncio
import sys

_DOT = b"\r\n.\r\n"
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_OK = b"250 2.0.0 Ok\r\n"


class Tally:
    """What all connections have taken together."""

    def __init__(self, *, delay: float) -> None:
        self.delay = delay
        self.mails = 0


class SinkSession(asyncio.Protocol):
    """One connection."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        #: Within a mail: how far it was searched for its end; None between mails.
        self._searched: int | None = None
        #: While an answer waits, nothing behind it is looked at: answers keep their order.
        self._held = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._held:
            self._work()

    def _work(self) -> None:
        answers = bytearray()
        while not self._held:
            answer = self._command() if self._searched is None else self._body()
            if answer is None:
                break
            answers += answer
        if answers and self._transport is not None:
            self._transport.write(bytes(answers))
            if answers.endswith(b"221 2.0.0 Bye\r\n"):
                self._transport.close()

    def _command(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            return None
        verb = bytes(self._buffer[:4]).strip().upper()
        del self._buffer[: end + 1]
        if verb == b"DATA":
            self._searched = 0
            # The end of a mail is a line: give its first line something to begin after.
            self._buffer[:0] = b"\r\n"
            return b"354 Go on\r\n"
        if verb == b"HELP":
            return b"214 %d\r\n" % self._tally.mails
        known = {b"EHLO": _EHLO, b"QUIT": b"221 2.0.0 Bye\r\n"}
        plain = {b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"}
        return known.get(verb, _OK if verb in plain else b"502 5.5.2 What?\r\n")

    def _body(self) -> bytes | None:
        end = self._buffer.find(_DOT, self._searched or 0)
        if end < 0:
            self._searched = max(0, len(self._buffer) - len(_DOT))
            return None
        del self._buffer[: end + len(_DOT)]
        self._searched = None
        self._tally.mails += 1
        if not self._tally.delay:
            return _OK
        self._held = True
        asyncio.get_running_loop().call_later(self._tally.delay, self._answer_late)
        return b""

    def _answer_late(self) -> None:
        self._held = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_OK)
            self._work()


async def serve(port: int, *, delay: float) -> None:
    """Take mail until told to end."""
    tally = Tally(delay=delay)
    server = await asyncio.get_running_loop().create_server(
        lambda: SinkSession(tally), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), delay=float(sys.argv[2])))
