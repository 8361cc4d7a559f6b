"""Who is at the other end of a connection on this machine: the kernel knows."""

import os
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED = "01"


def owner_of(client_port: int, *, server_port: int) -> int | None:
    """Return the process that holds the client's end of a connection."""
    inodes = {inode for port, inode in _sockets(server_port) if port == client_port}
    return next((pid for pid in _pids() if inodes & _inodes(pid)), None)


def ports_of(pids: Iterable[int], *, server_port: int) -> set[int]:
    """Return the client ports of the connections that these processes have open to the server."""
    held = set().union(*map(_inodes, pids))
    return {port for port, inode in _sockets(server_port) if inode in held}


def count(*, server_port: int) -> int:
    """Count everybody's open connections to the server."""
    return len(_sockets(server_port))


def group(leader: int) -> list[int]:
    """Return the processes of a group, its leader first."""
    found = [pid for pid in _pids() if _group_of(pid) == leader]
    return sorted(found, key=lambda pid: pid != leader)


def family(pid: int) -> list[int]:
    """Return a process and everybody who comes from it."""
    parents = {each: _parent_of(each) for each in _pids()}
    found = [pid]
    for parent in found:
        found += [each for each, its_parent in parents.items() if its_parent == parent]
    return found


def _parent_of(pid: int) -> int:
    try:
        # The name in brackets may hold anything, brackets included.
        return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _sockets(server_port: int) -> list[tuple[int, str]]:
    """Return (client port, inode) of every connection to the server, as seen from the client's end."""
    found = []
    for line in (_PROC / "net" / "tcp").read_text().splitlines()[1:]:
        fields = line.split()
        here, there = (int(end.partition(":")[2], 16) for end in fields[1:3])
        if there == server_port and fields[3] == _ESTABLISHED:
            found.append((here, fields[9]))
    return found


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _inodes(pid: int) -> set[str]:
    try:
        links = [str(entry.readlink()) for entry in (_PROC / str(pid) / "fd").iterdir()]
    except OSError:
        return set()
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def is_running(pid: int) -> bool:
    """Say whether a process lives; one that is dead and not buried yet does not."""
    try:
        state = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in {"Z", "X"}
