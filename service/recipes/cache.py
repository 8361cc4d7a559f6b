"""Remembers the latest values up to a number of bytes; one for any number of threads."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: What an entry costs beside its value: key, tuple and places in the table.
OVERHEAD = 400


class ByteCache(Generic[K, V]):
    """Forgets what was not asked for the longest. Reading many at once takes the lock once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def find(self, keys: Iterable[K]) -> dict[K, V]:
        """Return those of these that are remembered."""
        found: dict[K, V] = {}
        kept = self._kept
        with self._lock:
            for key in keys:
                entry = kept.get(key)
                if entry is not None:
                    kept.move_to_end(key)
                    found[key] = entry[0]
        return found

    def put(self, key: K, value: V, *, size: int) -> None:
        """Remember a value of so many bytes; one that is larger than everything allowed is not kept."""
        size += OVERHEAD
        if size > self.limit:
            return
        with self._lock:
            old = self._kept.pop(key, None)
            self.size += size - (old[1] if old else 0)
            self._kept[key] = value, size
            while self.size > self.limit:
                _, (_, freed) = self._kept.popitem(last=False)
                self.size -= freed
