"""A sender's lease on what it has taken, and its name.

The lease is told by the database's clock; the sender measures it from before it asked, with a clock that
counts sleep, so that it always thinks its lease ends earlier than everybody else does.
"""

import os
import socket
import time
import uuid
from functools import cache
from pathlib import Path

LEASE_SECONDS = 30.0

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Where a machine has no clock that counts sleep by that name, its monotonic one does.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """What a worker believes about its lease: pessimistic, and awake while the machine sleeps."""

    def __init__(self, seconds: float = LEASE_SECONDS) -> None:
        self.seconds = seconds
        self._ends = 0.0

    def begin(self) -> float:
        """Return the instant to hand to `granted`; take it before asking the database."""
        return time.clock_gettime(_CLOCK)

    def granted(self, asked_at: float) -> None:
        self._ends = asked_at + self.seconds

    @property
    def left(self) -> float:
        return self._ends - time.clock_gettime(_CLOCK)

    def end(self) -> None:
        """Stop believing in it."""
        self._ends = 0.0


@cache
def boot_id() -> str:
    """Name this run of the machine: what was written before a power cut may have lost its end."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"


def new_owner() -> str:
    """Name one sender for ever: host, process, boot, and a part of its own."""
    host = "".join(char for char in socket.gethostname() if char.isalnum() or char in "-.")[:40]
    return f"{host}:{os.getpid()}:{boot_id()[:8]}:{uuid.uuid4().hex[:12]}"
