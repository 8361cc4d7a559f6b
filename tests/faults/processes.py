"""A process of the world: started, killed, frozen and started again like a service manager would."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from service.embedded.children import User, spawn
from tests.faults import clients

ROOT = Path(__file__).parents[2]


class Member:
    """One long-lived process with its whole group."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: User | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        folder: Path = ROOT,
    ) -> None:
        self.name, self.env = name, env
        self._argv, self._user, self._folder = argv, user, folder
        self._log, self._stop_signal = log, stop_signal
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._last: tuple[Sequence[str] | None, Mapping[str, str] | None] = (None, None)
        self._limited = False
        #: Groups of processes that were killed and may have left children behind.
        self._former: list[int] = []

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def ordinary(self) -> bool:
        """Whether it was started as it always is."""
        return self._last == (None, None)

    def start(self, *, argv: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> None:
        """Start it, for this one life with another command line or with more in its environment."""
        self._last = (argv, env)
        self._limited = False
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as output:
            self._child = spawn(
                argv or self._argv, env=self._environment(env), user=self._user, output=output,
                folder=self._folder, death_signal=signal.SIGKILL,
            )  # fmt: skip
        self._former.append(self.pid)

    def start_again(self) -> None:
        """Start it as it was started last, whatever that was."""
        self.start(argv=self._last[0], env=self._last[1])

    def limit_files(self, size: int | None) -> None:
        """Let its processes write no file beyond this size, as a full disk would; None lifts the limit.

        The kernel writes what still fits and then fails: exactly what happens when a disk fills up.
        """
        if size is None and not self._limited:
            return
        self._limited = size is not None
        ids = {} if self._user is None else {"user": self._user.uid, "group": self._user.gid}
        for pid in clients.family(self.pid):
            # A program of its own, since only a process's own user may do this.
            subprocess.run(
                ["prlimit", "--pid", str(pid), f"--fsize={'unlimited' if size is None else size}:"],
                check=False, extra_groups=[] if ids else None, **ids,
            )  # fmt: skip

    def said(self, words: str) -> bool:
        """Whether this life of it has logged these words."""
        return words in self._log.read_text(errors="replace")[self._log_start :]

    def _environment(self, more: Mapping[str, str] | None) -> Mapping[str, str] | None:
        return self.env if more is None else {**(self.env or {}), **more}

    def kill(self, *, everybody: bool = True) -> None:
        """Kill it as the kernel would, with or without the processes it made."""
        self.signal(signal.SIGKILL, everybody=everybody)
        self.wait()

    def signal(self, number: signal.Signals, *, everybody: bool = False) -> None:
        try:
            if everybody:
                os.killpg(self.pid, number)
            elif self.alive:
                os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def wait(self, seconds: float = 20) -> None:
        if self._child is not None:
            self._child.wait(seconds)

    def stop(self) -> None:
        if self.alive:
            self.signal(signal.SIGCONT, everybody=True)
            self.signal(self._stop_signal)
            try:
                self.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self.bury()

    def bury(self) -> None:
        """End what earlier lives left behind (children of a killed pool finish their task first)."""
        for leader in self._former:
            if leader != (self.pid if self.alive else None):
                for pid in clients.group(leader):
                    os.kill(pid, signal.SIGKILL)
        self._former = [self.pid] if self.alive else []


def until(what: Callable[[], object], *, seconds: float, sentence: str, pause: float = 0.05) -> None:
    """Wait until something holds.

    :raises TimeoutError: with the sentence, when it does not in time.
    """
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(sentence)
        time.sleep(pause)
