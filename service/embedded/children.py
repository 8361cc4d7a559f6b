"""Starting a process that ends with us: the kernel signals it when its parent dies, however that happens."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class User:
    """An unprivileged user that servers run as when we are root."""

    name: str
    uid: int
    gid: int


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    output: int | IO[bytes] = subprocess.DEVNULL,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own (a terminal's Ctrl-C reaches us alone).

    Must be called from a thread that lives as long as the child should: the death signal is tied to it.
    """
    return subprocess.Popen(
        list(argv),
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
        preexec_fn=_before_exec(user, death_signal, os.getpid()),
    )


def _before_exec(user: User | None, death_signal: signal.Signals, parent: int) -> Callable[[], None]:
    def prepare() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
        # After setuid, which clears it (prctl(2)).
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        # The parent may have died before the line above.
        if os.getppid() != parent:
            os._exit(1)

    return prepare
