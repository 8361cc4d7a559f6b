"""What a thread does while the database works on its question: nothing, or something that cannot wait.

A sender's connections to relays must not stand still for the third of its time that a window spends in the
database; a second thread fights with it for the interpreter (2,000 messages/s instead of 2,900).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.waiting import Ready, Wait

#: Works until a file is ready for what is wanted, and says for what it is.
Work = Callable[[int, Wait], Ready]

_INTERVAL = 0.1


class _Here(threading.local):
    work: Work | None = None
    breath: Callable[[], None] | None = None


_here = _Here()


@contextmanager
def meanwhile(work: Work | None, breath: Callable[[], None] | None = None) -> Iterator[None]:
    """Let this thread do `work` while it waits for the database, and `breath` wherever it may `breathe`.

    None lets it simply wait, and hold its breath.
    """
    before = _here.work, _here.breath
    _here.work, _here.breath = work, breath
    try:
        yield
    finally:
        _here.work, _here.breath = before


def breathe() -> None:
    """Let what cannot wait have its turn; for loops that compute for milliseconds."""
    if _here.breath is not None:
        _here.breath()


class PatientConnection(psycopg.Connection[Any]):
    """A connection that knows about `meanwhile`."""

    def wait(self, gen: PQGen[RV], interval: float = _INTERVAL, timeout: float | None = None) -> RV:
        """Wait as the driver does, or work in the meantime."""
        work = _here.work
        if work is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(work(self.pgconn.socket, wanted))
        except StopIteration as end:
            value: RV = end.value
            return value
