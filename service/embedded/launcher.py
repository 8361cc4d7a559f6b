"""Turns itself into another program that ends when its parent does; run as a script by `children.spawn`.

A program of its own rather than a `preexec_fn`: Python between fork and exec can deadlock where there are
threads, and newer Pythons warn of it. Costs 20 ms and imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_DEFAULTS = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGPIPE,
    signal.SIGXFSZ,
)


def become(argv: list[str], *, parent: int, death_signal: int, uid: int, gid: int) -> None:
    """Drop to the user, tie this process to its parent, and exec. Ids below 0 leave the user as it is."""
    # A script's "command &" makes us ignore the signals that end a program, Python itself others; a program
    # inherits what is ignored, and would live on.
    for number in _DEFAULTS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, which clears it (prctl(2)); exec keeps it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The parent may have died before the line above.
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execvp(argv[0], argv)  # noqa: S606  (no shell is meant)
    except OSError as error:
        sys.exit(f"{argv[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    _parent, _signal, _uid, _gid = map(int, sys.argv[1:5])
    become(sys.argv[5:], parent=_parent, death_signal=_signal, uid=_uid, gid=_gid)
