"""What the processes of one worker share: the call to stop, and room for tasks that take long.

Made when the module is imported, before the pool forks, so that children inherit the same objects. Neither
holds a lock that a child could take along when it is killed.
"""

import fcntl
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Flag:
    """A call that every process of the worker hears: a byte of shared memory, or the death of its parent."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)
        self._parent = 0

    def follow_parent(self) -> None:
        """Count it as a call when this process has lost its parent: nobody would tell it to stop any more."""
        self._parent = os.getppid()

    def set(self) -> None:
        self._memory[0] = 1

    def is_set(self) -> bool:
        return bool(self._memory[0]) or (self._parent != 0 and os.getppid() != self._parent)


class Slots:
    """So many at once, in all processes together. The kernel frees the slots of one that is killed.

    Each slot is a byte of a file without a name, locked by a process; within one, the set says what is taken.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._file, name = tempfile.mkstemp()
        Path(name).unlink()
        self._mine: set[int] = set()
        self._lock = threading.Lock()

    def acquire(self, most: int | None = None) -> int | None:
        """Take a slot, for `release`; None while all are taken, or the first `most` of them."""
        with self._lock:
            count = self._count if most is None else min(most, self._count)
            return next((slot for slot in range(count) if self._take(slot)), None)

    def release(self, slot: int) -> None:
        with self._lock:
            self._mine.discard(slot)
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, slot)

    def _take(self, slot: int) -> bool:
        if slot in self._mine:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
        except OSError:
            return False
        self._mine.add(slot)
        return True


#: Set when the worker is told to stop; engines finish the mail in flight and hand back the rest.
stopping = Flag()

_POOL = int(os.environ.get("WORKER_CONCURRENCY", "4"))
#: Together, all of the pool but one at most: a confirmation never waits for a free process.
_long = Slots(max(1, _POOL - 1))
#: Senders of bulk mail: `room` is told how many of these places the settings give them.
bulk_slots = Slots(_POOL)
#: Planners of digests call for help when there is more than a slice of work: as many as there are processors.
digest_slots = Slots(min(os.cpu_count() or 1, max(1, _POOL - 1)))
#: The tick asks every five seconds, and a long pass takes a minute: one of a kind at a time is enough.
planning_slots = Slots(1)
polling_slots = Slots(1)
picture_slots = Slots(1)


@contextmanager
def room(slots: Slots, most: int | None = None) -> Iterator[bool]:
    """Say whether one more task of this kind may run, and keep its place; if not, the next tick asks."""
    own = slots.acquire(most)
    shared = None if own is None else _long.acquire()
    if own is not None and shared is None:
        slots.release(own)
    try:
        yield shared is not None
    finally:
        if own is not None and shared is not None:
            slots.release(own)
            _long.release(shared)
