"""CPU time and peak memory of process trees, read from /proc; nothing is measured where there is none."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")

#: The first processes of each kind.
Roots = Callable[[], Mapping[str, Sequence[int]]]


class Meter:
    """Measures between `start` and `stop`; `look` now and then, for processes that do not live long."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._before: dict[str, float] = {}
        #: Seconds of CPU by kind, after `stop`.
        self.cpu: dict[str, float] = {}
        #: Megabytes of the largest process of each kind, since that process began.
        self.peak_mb: dict[str, float] = {}

    def start(self) -> None:
        self._before = self._used()

    def look(self) -> None:
        """Note the memory of every process that lives now."""
        for kind, pids in self._trees().items():
            for pid in pids:
                self.peak_mb[kind] = max(self.peak_mb.get(kind, 0.0), _peak_mb(pid))

    def stop(self) -> None:
        after = self._used()
        self.cpu = {kind: used - self._before.get(kind, 0.0) for kind, used in after.items()}
        self.look()

    def _used(self) -> dict[str, float]:
        return {kind: sum(map(_cpu, pids)) for kind, pids in self._trees().items()}

    def _trees(self) -> dict[str, list[int]]:
        children = _children()
        return {kind: _tree(pids, children) for kind, pids in self._roots().items()}


def _tree(roots: Sequence[int], children: Mapping[int, Sequence[int]]) -> list[int]:
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, ())
    return found


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    if _PROC.is_dir():
        for entry in _PROC.iterdir():
            fields = _stat(int(entry.name)) if entry.name.isdigit() else []
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    return children


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    """User and system time, also of its children that have ended."""
    return sum(map(int, _stat(pid)[11:15])) / _TICK


def _peak_mb(pid: int) -> float:
    try:
        lines = (_PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
