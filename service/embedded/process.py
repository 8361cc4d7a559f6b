"""One supervised process: what it is, and what has become of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.embedded.children import User, spawn
from service.embedded.logfiles import LogFile, reason

#: A probe may open a connection: two cores have better things to do while everything starts.
PROBE_SECONDS = 0.08


@dataclass(frozen=True, slots=True)
class Process:
    """What to run, when, and how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    #: Names of the processes that must be ready first.
    after: tuple[str, ...] = ()
    #: Whether it answers; without one it is ready as soon as it runs.
    ready: Callable[[], bool] = lambda: True
    #: Runs and ends with status 0, like a migration; ready once it did.
    once: bool = False
    #: Whether there is nothing to do for it, so that it need not run at all.
    needless: Callable[[], bool] = lambda: False
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 12.0
    #: What the kernel sends it when we die.
    death_signal: signal.Signals = signal.SIGKILL
    folder: Path | None = None
    #: What a person can do when it does not start.
    advice: str = ""

    @property
    def tries(self) -> int:
        """How many starts it gets; a migration that failed would fail the same way again."""
        return 1 if self.once else 4


class RunningProcess:
    """The state of one process; only the supervisor's thread touches it."""

    def __init__(self, process: Process, *, log: Path, echo: bool) -> None:
        self.process = process
        self.name = process.name
        self.log = log
        self.ready = False
        self.failures = 0
        self._echo = echo
        self._child: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._begun = 0.0
        self._not_before = 0.0
        self._next_probe = 0.0
        self._tail: deque[str] = deque(maxlen=20)

    @property
    def started(self) -> bool:
        """Whether there is a process, or the remains of one."""
        return self._child is not None

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """Its number while it runs."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def ended(self) -> bool:
        """Whether it ran and has ended without anybody having looked yet."""
        return self._child is not None and self._child.poll() is not None

    @property
    def hopeless(self) -> bool:
        return not self.ready and self.failures >= self.process.tries

    @property
    def age(self) -> float:
        """Seconds since it was started last."""
        return time.monotonic() - self._begun

    def may_start(self, ready: set[str]) -> bool:
        return time.monotonic() >= self._not_before and set(self.process.after) <= ready

    def start(self) -> None:
        """Spawn it, with a thread that carries its lines into its log; or see that there is no need to."""
        self._begun = time.monotonic()
        if self.process.needless():
            self.ready = True
            return
        self._child = spawn(
            self.process.argv,
            env={**os.environ, **self.process.env},
            user=self.process.user,
            death_signal=self.process.death_signal,
            output=subprocess.PIPE,
            folder=self.process.folder,
        )
        self._reader = threading.Thread(target=self._carry, args=(self._child,), daemon=True)
        self._reader.start()

    def probe(self) -> bool:
        """Ask whether it is ready, a few times a second; remembers a yes."""
        if self.process.once or time.monotonic() < self._next_probe:
            return False
        self.ready = self.process.ready()
        self._next_probe = time.monotonic() + PROBE_SECONDS
        return self.ready

    def collect(self) -> bool:
        """Take note that it ended; True when that was its purpose."""
        assert self._child is not None
        status = self._child.returncode
        self.kill()
        self._child = None
        if self.process.once and status == 0:
            self.ready = True
            return True
        self.ready = False
        self.failures += 1
        return False

    def pause(self, seconds: float) -> None:
        """Do not start it again before that."""
        self._not_before = time.monotonic() + seconds

    def send_stop(self) -> None:
        if self._child is not None and self.alive:
            self._child.send_signal(self.process.stop_signal)

    def kill(self) -> None:
        """End what is left of it, with everything it has started itself."""
        if self._child is None:
            return
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:
            self._child.kill()
        self._child.wait(5)
        if self._reader is not None:
            self._reader.join(1)

    def complaint(self) -> str:
        """Return one sentence about why it did not start."""
        advice = f"; {self.process.advice}" if self.process.advice else ""
        return f"{self.name} did not start: {reason(self._tail).rstrip('.')} (see {self.log}){advice}."

    def _carry(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        with child.stdout, LogFile(self.log) as log:
            for raw in child.stdout:
                log.write(raw)
                line = raw.decode(errors="replace").rstrip()
                self._tail.append(line)
                if self._echo and line:
                    sys.stderr.write(f"{self.name:>9} | {line}\n")
