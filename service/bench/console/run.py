"""Runs the console's benchmark: servers in the main thread, the measurement in another."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from service import bootstrap, settings
from service.app import create_app
from service.bench.console import live, memory, world
from service.bench.console.live import LiveReport
from service.bench.console.measuring import Measured, Measuring
from service.bench.console.notes import Notes
from service.bench.console.report import ConsoleReport
from service.bench.console.routes import EXCUSED, Routes
from service.bench.console.size import Size
from service.bench.console.watching import NOTES
from service.bench.meter import Meter
from service.bench.plan import BenchmarkError
from service.bench.runner import INTERRUPTED, Progress
from service.bootstrap import Runtime
from service.clock import utc_now
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.environment import own_environment
from service.embedded.process import Process
from service.embedded.stack import Addresses, Stack
from service.embedded.supervisor import Supervisor

_NEEDED = ("postgres", "valkey", "migrate", "web")
_WEB = "service.commands.watched_web"
_RELAYS = "smtp://relay-1.example:25 smtp://relay-2.example:587"
#: In a folder that is kept: what was written into it.
_MARK = "console-bench.json"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for."""

    size: Size
    rounds: int
    #: Of addresses that differ in numbers only, so many are looked at to find the slowest.
    per_kind: int
    #: Live pages that are held open at the end.
    live: int
    #: So long they are measured.
    live_seconds: float
    #: A folder that stays, and is used again; None is one that is gone afterwards.
    folder: Path | None


def run(wish: Wish, progress: Progress) -> ConsoleReport:
    """Measure on servers of its own.

    :raises BenchmarkError: it could not be measured, or the folder holds another world.
    """
    with _folder(wish) as folder, own_environment(folder), DataFolder(folder / "data") as data:
        return _drive(data, wish, progress)


@contextmanager
def _folder(wish: Wish) -> Iterator[Path]:
    if wish.folder is not None:
        wish.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        yield wish.folder.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-bench-"))
    # The server may run as another user and must pass through.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        with DataFolder(folder / "data") as data:
            stacks.wipe(data)
        shutil.rmtree(folder, ignore_errors=True)


def _drive(data: DataFolder, wish: Wish, progress: Progress) -> ConsoleReport:
    progress.say("Starting a database, a queue and a web server")
    mark = data.path / _MARK
    kept = _kept(mark, wish.size)
    addresses = Addresses.from_free_ports()
    os.environ["SMTP_URL"] = _RELAYS
    stack = stacks.build(data, addresses)
    notes = data.path / "notes.jsonl"
    notes.write_text("")
    stack.env[NOTES] = str(notes)
    os.environ.update(stack.env)
    with Supervisor(_processes(stack), logs=data.logs, report=lambda *_: None) as supervisor:
        supervisor.start()
        if supervisor.stopping:
            raise BenchmarkError(INTERRUPTED)
        with ThreadPoolExecutor(1) as pool:
            sitting = _Sitting(wish, addresses.port, supervisor, Notes(notes), progress)
            found = pool.submit(sitting.run, None if kept else mark)
            supervisor.watch(until=found.done)
        return found.result()


def _kept(mark: Path, size: Size) -> bool:
    if not mark.exists():
        return False
    if json.loads(mark.read_text()) != asdict(size):
        raise BenchmarkError("The folder holds a world of another size; name another one, or delete it.")
    return True


def _processes(stack: Stack) -> list[Process]:
    found = [each for each in stack.processes if each.name in _NEEDED]
    return [
        replace(each, argv=[sys.executable, "-m", _WEB]) if each.name == "web" else each for each in found
    ]


class _Sitting:
    """Everything that is done while the servers run."""

    def __init__(
        self, wish: Wish, port: int, supervisor: Supervisor, notes: Notes, progress: Progress
    ) -> None:
        self._wish, self._port, self._supervisor = wish, port, supervisor
        self._notes, self._progress = notes, progress

    def run(self, mark: Path | None) -> ConsoleReport:
        """Write the world unless it is there, measure, and report; `mark` is made when it is written."""
        runtime = bootstrap.build(settings.load())
        try:
            seconds = None if mark is None else self._write(runtime, mark)
            world.freshen(runtime)
            load = os.getloadavg()[0]
            measured = self._measure(runtime)
            return self._report(runtime, measured, self._live(runtime, measured), seconds, load)
        finally:
            runtime.engine.dispose()

    def _write(self, runtime: Runtime, mark: Path) -> float:
        began = time.monotonic()
        world.write(runtime, self._wish.size, now=utc_now(), progress=self._progress)
        mark.write_text(json.dumps(asdict(self._wish.size)))
        return time.monotonic() - began

    def _measure(self, runtime: Runtime) -> Measured:
        routes = Routes(create_app(runtime).url_map)
        sitting = Measuring(
            self._port, self._notes, megabytes=self._megabytes, check=self._check, progress=self._progress
        )
        return sitting.run(
            routes,
            runtime.sessions,
            size=self._wish.size,
            rounds=self._wish.rounds,
            per_kind=self._wish.per_kind,
        )

    def _live(self, runtime: Runtime, measured: Measured) -> LiveReport | None:
        if not self._wish.live:
            return None
        self._progress.say(f"Holding {self._wish.live} live pages open")
        return live.measure(
            self._port,
            measured.cookie,
            measured.survey.live,
            pages=self._wish.live,
            seconds=self._wish.live_seconds,
            sessions=runtime.sessions,
            meter=Meter(lambda: {name: [self._pid(name)] for name in ("web", "postgres")}),
        )

    def _report(
        self,
        runtime: Runtime,
        measured: Measured,
        held: LiveReport | None,
        seconds: float | None,
        load: float,
    ) -> ConsoleReport:
        return ConsoleReport(
            size=self._wish.size,
            write_seconds=seconds,
            ledger_gb=world.ledger_gigabytes(runtime),
            rounds=self._wish.rounds,
            load=load,
            pages=measured.pages,
            memory=measured.memory,
            failed=measured.survey.failed,
            not_reached=sorted(measured.survey.missing),
            excused=EXCUSED,
            live=held,
        )

    def _megabytes(self) -> float:
        return memory.resident_mb(self._pid("web"))

    def _check(self) -> None:
        """:raises BenchmarkError: somebody has asked us to end."""
        if self._supervisor.stopping:
            raise BenchmarkError(INTERRUPTED)

    def _pid(self, name: str) -> int:
        pid = self._supervisor.pid_of(name)
        if pid is None:
            raise BenchmarkError(INTERRUPTED)
        return pid
