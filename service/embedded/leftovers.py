"""What an unclean end leaves behind: a server that is still ending, or the lock file of one that is gone."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from service.errors import StartupError

#: A server whose parent was killed ends within moments; a checkpoint may hold it up for some seconds.
PATIENCE = 10.0


def wait_until_gone(running: Callable[[], bool], *, sentence: str) -> None:
    """Wait for a server of the same folder that may be on its way out.

    :raises StartupError: with the sentence, when it stays.
    """
    end = time.monotonic() + PATIENCE
    while running():
        if time.monotonic() > end:
            raise StartupError(sentence)
        time.sleep(0.05)


def postmaster(cluster: Path) -> int | None:
    """Return the process that serves this cluster right now, if there is one."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _serves(pid, cluster) else None


def forget_dead_postmaster(cluster: Path) -> None:
    """Remove a lock file that names no server of this cluster: its number may be another process's by now.

    PostgreSQL would take that for a live server and refuse to start. Its second guard, the shared memory of
    surviving backends, stays in force.
    """
    if postmaster(cluster) is None:
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _serves(pid: int, cluster: Path) -> bool:
    process = Path(f"/proc/{pid}")
    if not Path("/proc/self/comm").exists():
        return _is_listed(pid)
    try:
        if "postgres" not in (process / "comm").read_text() or process.stat().st_uid != cluster.stat().st_uid:
            return False
        # A server's working directory is its cluster.
        return (process / "cwd").samefile(cluster)
    except PermissionError:
        # Root in a container may not look into processes of other users.
        return True
    except OSError:
        return False


def _is_listed(pid: int) -> bool:
    listed = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="],  # noqa: S607  (wherever this system keeps it)
        capture_output=True,
        text=True,
        check=False,
    )
    return "postgres" in listed.stdout
