"""How much memory a process and its children hold, read from /proc; nothing where there is none."""

from pathlib import Path

_PROC = Path("/proc")


def resident_mb(pid: int) -> float:
    """Return the megabytes of a tree of processes; pages that two of them share count twice."""
    return _of(pid) + sum(map(resident_mb, _children(pid)))


def _of(pid: int) -> float:
    try:
        lines = (_PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def _children(pid: int) -> list[int]:
    try:
        tasks = list((_PROC / str(pid) / "task").iterdir())
        return [int(each) for task in tasks for each in (task / "children").read_text().split()]
    except OSError:
        return []
