"""Adds up how long each stage of a pass takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds by stage; a stage inside another is not counted twice."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}
        self._inside = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began, outside = time.perf_counter(), self._inside
        self._inside = 0.0
        try:
            yield
        finally:
            whole = time.perf_counter() - began
            self._spent[name] = self._spent.get(name, 0.0) + whole - self._inside
            self._inside = outside + whole

    def take(self) -> dict[str, float]:
        """Return what was spent since the last call."""
        spent, self._spent = self._spent, {}
        return spent
