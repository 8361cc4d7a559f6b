"""Which processes a self-test has started, all the way down, and whether one of them is still there."""

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Traced:
    """A process and the moment it began: a number alone is given to others later."""

    pid: int
    name: str
    begun: str

    @property
    def is_there(self) -> bool:
        seen = _look(self.pid)
        return seen is not None and seen[2] == self.begun


def descendants(of: int) -> list[Traced]:
    """Return everything that this process started, directly or not; nothing where there is no /proc."""
    children: dict[int, list[int]] = {}
    traced: dict[int, Traced] = {}
    for pid in _pids():
        seen = _look(pid)
        if seen is not None:
            name, parent, begun = seen
            children.setdefault(parent, []).append(pid)
            traced[pid] = Traced(pid, name, begun)
    found: list[Traced] = []
    waiting = list(children.get(of, ()))
    while waiting:
        pid = waiting.pop()
        found.append(traced[pid])
        waiting += children.get(pid, ())
    return found


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()] if _PROC.is_dir() else []


def _look(pid: int) -> tuple[str, int, str] | None:
    """Return (name, parent, begin) of a process that runs; None for one that ended, reaped or not."""
    try:
        line = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    name, _, rest = line.partition("(")[2].rpartition(")")
    fields = rest.split()
    state, parent, begun = fields[0], int(fields[1]), fields[19]
    return None if state in {"Z", "X"} and parent != os.getpid() else (name, parent, begun)
