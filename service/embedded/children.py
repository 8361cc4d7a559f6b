"""Starting a process that ends with us: the kernel signals it when its parent dies, however that happens."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.embedded import launcher


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
    """Start a child in a session of its own (a terminal's Ctrl-C reaches us alone).

    Call it from a thread that lives as long as the child should: the kernel ties the death signal to that
    thread. Only Linux has such a signal; elsewhere a child outlives a parent that was killed.
    """
    ids = (user.uid, user.gid) if user is not None else (-1, -1)
    facts = (os.getpid(), int(death_signal), *ids)
    return subprocess.Popen(
        # -I -S: nothing of the environment or of site-packages can slow it down or change it.
        [sys.executable, "-I", "-S", launcher.__file__, *map(str, facts), *argv],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
    )
