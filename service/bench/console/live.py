"""Many live pages at once, while mail goes out: what they cost the web server."""

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from service.bench.meter import Meter
from service.bench.plan import BenchmarkError
from service.clock import utc_now
from service.db import Sessions, transaction
from service.delivery import claims
from service.delivery.models import MessageState, Stream
from service.delivery.outcomes import Outcome, record

#: Each page is read once before the clock starts.
_SETTLING = 3.0
_OWNER = "bench"


@dataclass(frozen=True, slots=True)
class LiveReport:
    """One core is 100 percent."""

    pages: int
    seconds: float
    web_percent: float
    postgres_percent: float
    #: Parts of pages that were sent, all pages together; that they were means that something changed.
    events: int
    #: Mails that were recorded as sent meanwhile.
    sent: int
    load: float


def measure(
    port: int,
    cookie: str,
    paths: Sequence[str],
    *,
    pages: int,
    seconds: float,
    sessions: Sessions,
    meter: Meter,
) -> LiveReport:
    """Hold so many pages open, spread over these addresses, while a window of 64 is sent every second.

    :raises BenchmarkError: a page was not opened.
    """
    sender = _Sender(sessions)
    sender.start()
    try:
        return asyncio.run(_hold(port, cookie, paths, pages, seconds, meter, sender))
    finally:
        sender.stop()


async def _hold(
    port: int, cookie: str, paths: Sequence[str], pages: int, seconds: float, meter: Meter, sender: "_Sender"
) -> LiveReport:
    streams = [_Stream(port, cookie, paths[n % len(paths)]) for n in range(pages)]
    reading = [asyncio.create_task(stream.read()) for stream in streams]
    await asyncio.sleep(_SETTLING)
    refused = next((each for each in streams if not each.opened), None)
    if refused is not None:
        raise BenchmarkError(f"The live page {refused.path} was not opened.")
    before, sent = sum(each.events for each in streams), sender.sent
    began = time.monotonic()
    meter.start()
    await asyncio.sleep(seconds)
    meter.stop()
    seconds = time.monotonic() - began
    events = sum(each.events for each in streams) - before
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    return LiveReport(
        pages=pages,
        seconds=seconds,
        web_percent=meter.cpu["web"] / seconds * 100,
        postgres_percent=meter.cpu["postgres"] / seconds * 100,
        events=events,
        sent=sender.sent - sent,
        load=os.getloadavg()[0],
    )


class _Stream:
    """One live page."""

    def __init__(self, port: int, cookie: str, path: str) -> None:
        self.path = path
        self.opened = False
        self.events = 0
        self._port, self._cookie = port, cookie

    async def read(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"GET {self.path} HTTP/1.1\r\nHost: localhost:{self._port}\r\nCookie: {self._cookie}\r\n\r\n"
        writer.write(head.encode())
        try:
            self.opened = b" 200 " in await reader.readline()
            while line := await reader.readline():
                self.events += line.startswith(b"event: ")
        finally:
            writer.close()


class _Sender(threading.Thread):
    """Takes a window every second and records it, as a sender does but for the mail itself."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self._sessions = sessions
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(1.0):
            for stream in (Stream.DIGEST, Stream.BLAST):
                self.sent += self._send(stream)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _send(self, stream: Stream) -> int:
        now = utc_now()
        with transaction(self._sessions) as session:
            window = claims.pick(session, stream, limit=claims.WINDOW, now=now, after={})
            hashes = {(each.mailing_id, each.id): each.id.to_bytes(32) for each in window}
            going = claims.begin(session, hashes, owner=_OWNER, seconds=600, now=now)
        outcomes = [
            Outcome(
                *key,
                MessageState.SENT,
                now,
                phase="dot",
                code=250,
                enhanced_code="2.0.0",
                reply="2.0.0 Ok: queued",
                relay="relay-1.example:25",
            )
            for key in sorted(going)
        ]
        with transaction(self._sessions) as session:
            record(session, outcomes, owner=_OWNER)
        return len(outcomes)
