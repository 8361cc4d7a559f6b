"""Who is at the other end of a connection on this machine: the kernel knows."""

import os
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED = "01"


def owner_of(client_port: int, *, server_port: int) -> int | None:
    """Return the process that holds the client's end of a connection."""
    inodes = {inode for port, inode in _sockets(server_port) if port == client_port}
    return next((pid for pid in _pids() if inodes & _inodes(pid)), None)


def connections(pid: int, *, server_port: int) -> int:
    """Count a process's open connections to the server."""
    return len({inode for _, inode in _sockets(server_port)} & _inodes(pid))


def group(leader: int) -> list[int]:
    """Return the processes of a group, its leader first."""
    found = [pid for pid in _pids() if _group_of(pid) == leader]
    return sorted(found, key=lambda pid: pid != leader)


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
