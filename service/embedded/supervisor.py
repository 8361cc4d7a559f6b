"""Runs the processes of one installation: starts them in order, restarts them, ends them cleanly.

Everything is spawned from the thread that runs the supervisor, because a child's death signal is tied to the
thread that made it: when this process dies, even by kill -9, no child stays behind.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType, TracebackType

from service.embedded.process import Process, RunningProcess
from service.errors import StartupError

_POLL_SECONDS = 0.03
_LONGEST_PAUSE = 30.0
#: After this long without a crash a process has earned a quick restart again.
_STABLE_SECONDS = 60.0

#: Called with a process name and what became of it: "starting", "ready", "restarting", "stopped".
Report = Callable[[str, str, float], None]


class Supervisor:
    """Use as a context manager, in the main thread: leaving it stops every process in reverse order."""

    def __init__(
        self, processes: Iterable[Process], *, logs: Path, report: Report, echo: bool = False
    ) -> None:
        self._running = [
            RunningProcess(process, log=logs / f"{process.name}.log", echo=echo) for process in processes
        ]
        self._report = report
        self._up = False
        self._interrupts = 0
        self._handlers: dict[signal.Signals, object] = {}
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def stopping(self) -> bool:
        """Whether somebody asked us to end."""
        return self._interrupts > 0

    def pid_of(self, name: str) -> int | None:
        """Return the number of a process of ours; None while it does not run."""
        return next((item.pid for item in self._running if item.name == name), None)

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a hang-up is ignored, and stays so.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: TracebackType | type | BaseException | None) -> None:
        self._stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() itself returned

    def start(self, *, seconds: float = 90) -> None:
        """Start everything, each as soon as what it needs is ready.

        :raises StartupError: with one sentence, when a process fails again and again or takes too long.
        """
        end = time.monotonic() + seconds
        while not self.stopping:
            self._step()
            waiting = [item for item in self._running if not item.ready]
            if not waiting:
                self._up = True
                return
            for item in waiting:
                if item.hopeless:
                    raise StartupError(item.complaint())
            if time.monotonic() > end:
                raise StartupError(
                    f"{waiting[0].name} was not ready after {seconds:.0f} seconds (see {waiting[0].log})."
                )
            time.sleep(_POLL_SECONDS)

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Keep everything running until `until` holds or somebody asks us to end."""
        while not self.stopping and not until():
            self._step()
            time.sleep(_POLL_SECONDS * 3)

    def _step(self) -> None:
        ready = {item.name for item in self._running if item.ready}
        for item in self._running:
            if item.ended:
                self._after_end(item)
            elif not item.alive and not item.ready:
                if item.may_start(ready):
                    if item.failures == 0:
                        self._report(item.name, "starting", 0.0)
                    item.start()
                    if item.ready:
                        self._report(item.name, "ready", item.age)
            elif not item.ready and item.probe():
                self._report(item.name, "ready", item.age)

    def _after_end(self, item: RunningProcess) -> None:
        done = item.collect()
        if done:
            self._report(item.name, "ready", item.age)
            return
        if item.age > _STABLE_SECONDS:
            item.failures = 1
        item.pause(min(0.25 * 2 ** min(item.failures, 10), _LONGEST_PAUSE))
        if self._up or not item.hopeless:
            self._report(item.name, "restarting", item.age)

    def _stop(self) -> None:
        """End each as soon as nothing is left that needs it; a second interrupt ends all at once."""
        left = list(reversed(self._running))
        deadlines: dict[str, float] = {}
        while left:
            needed = {name for item in left for name in self._needs(item.process)}
            for item in [item for item in left if item.name not in needed]:
                if item.name not in deadlines:
                    item.send_stop()
                    deadlines[item.name] = time.monotonic() + item.process.stop_seconds
                if not item.alive or time.monotonic() > deadlines[item.name] or self._interrupts > 1:
                    self._bury(item)
                    left.remove(item)
            if left:
                time.sleep(_POLL_SECONDS)

    def _bury(self, item: RunningProcess) -> None:
        began = item.started
        item.kill()
        if began and not item.process.once:
            self._report(item.name, "stopped", item.age)

    def _needs(self, process: Process) -> set[str]:
        """Return what a process needs, through what that needs."""
        known = {item.name: item.process for item in self._running}
        return set(process.after).union(*(self._needs(known[name]) for name in process.after))

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts += 1
        if self._interrupts > 2:
            os._exit(1)
