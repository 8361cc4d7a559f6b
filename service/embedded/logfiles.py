"""A process's log: one file that never fills the disk, and the line in it that says why the process ended."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

#: When a log is longer than this its lines go to `<name>.log.1`, and it begins again.
LOG_BYTES = 2 * 1024 * 1024
#: "2026-11-24 09:00:00.123 UTC [42] " (PostgreSQL), "42:M 24 Nov 2026 09:00:00.123 # " (Valkey)
_STAMP = re.compile(r"^(?:[\d-]+ [\d:.]+ \w+ \[\d+\]|\d+:\w \d+ \w+ \d+ [\d:.]+ [#*.-]) +")
_REASON = re.compile(r"FATAL|PANIC|[Ff]atal|Error\b|[Bb]ad ")


class LogFile:
    """Lines are on disk as soon as they are written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def __enter__(self) -> "LogFile":
        return self

    def __exit__(self, *_: TracebackType | type | BaseException | None) -> None:
        self._file.close()

    def write(self, line: bytes) -> None:
        if self._size > LOG_BYTES:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab", buffering=0)
            self._size = 0
        self._size += self._file.write(line) or 0


def reason(lines: Iterable[str]) -> str:
    """Return the line that most likely says why a program ended: the last about an error, else the last."""
    spoken = [line for line in lines if line.strip()]
    if not spoken:
        return "it said nothing"
    last = next((line for line in reversed(spoken) if _REASON.search(line)), spoken[-1])
    return _STAMP.sub("", last).strip()
