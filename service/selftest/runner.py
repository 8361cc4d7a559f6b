"""Runs a self-test: the supervisor in the main thread, the story in another."""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from service import bootstrap, settings
from service.clock import utc_now
from service.embedded import ports
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.stack import Addresses, Stack
from service.embedded.supervisor import Supervisor
from service.errors import BroadsheetError
from service.selftest import processes
from service.selftest.browser import Browser
from service.selftest.checks import CheckFailed, check
from service.selftest.environment import own_environment
from service.selftest.feed import FeedServer
from service.selftest.gate import Gate
from service.selftest.mailbox import Mailbox
from service.selftest.report import Done, Outcome, Reporter, last_lines
from service.selftest.steps import START, STEPS, STOP, Step
from service.selftest.world import World


def run(reporter: Reporter, *, keep: bool = False, steps: Sequence[Step] = STEPS) -> Outcome:
    """Run the whole story on an installation of its own, and say what came of it."""
    begun = time.monotonic()
    outcome = Outcome()
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-selftest-"))
    with own_environment(folder), DataFolder(folder / "data") as data:
        # Servers that run as another user pass through to the data.
        folder.chmod(0o711)
        try:
            _Run(reporter, outcome, steps).drive(data)
        finally:
            _keep_or_wipe(data, folder, keep=keep, outcome=outcome)
    outcome.seconds = time.monotonic() - begun
    reporter.close(outcome)
    return outcome


class _Run:
    """One self-test under way."""

    def __init__(self, reporter: Reporter, outcome: Outcome, steps: Sequence[Step]) -> None:
        self._reporter = reporter
        self._outcome = outcome
        self._steps = steps
        self._logs = Path()

    def drive(self, data: DataFolder) -> None:
        """Start, tell the story, stop."""
        self._logs = data.logs
        traced: list[processes.Traced] = []
        addresses = Addresses.from_free_ports()
        with ExitStack() as living:
            with self._step(1, START, processes=("postgres", "valkey", "migrate", "web", "worker", "beat")):
                world = self._start(data, addresses, living)
            if self._outcome.failed is None:
                self._tell(world)
            traced += processes.descendants(os.getpid())
            stop = living.pop_all()
        if self._outcome.failed is not None:
            stop.close()
            return
        with self._step(len(self._steps) + 2, STOP):
            stop.close()
            _check_gone(traced, addresses)

    def _start(self, data: DataFolder, addresses: Addresses, living: ExitStack) -> World:
        feed = living.enter_context(FeedServer(now=utc_now()))
        gate = living.enter_context(Gate(upstream_port=addresses.smtp_port))
        stack = stacks.build(
            data,
            addresses,
            extra={
                "FEED_ALLOW_HOSTS": feed.host,
                # Articles rest before they enter a digest, so that corrections are in; here nobody corrects.
                "SETTLE_MINUTES": "0",
                # The forty readers come from forty networks, as a proxy would report them.
                "TRUSTED_PROXIES": "1",
            },
        )
        stack.env["SMTP_URL"] = f"smtp://127.0.0.1:{gate.port}"
        os.environ.update(stack.env)
        supervisor = Supervisor(stack.processes, logs=data.logs, report=lambda *_: None)
        living.enter_context(supervisor)
        supervisor.start()
        check(not supervisor.stopping, "The self-test was interrupted.")
        world = _world(stack, supervisor, feed, gate)
        living.callback(world.close)
        return world

    def _tell(self, world: World) -> None:
        """Tell the story in a thread of its own; this one keeps the processes running meanwhile."""
        teller = threading.Thread(target=self._tell_steps, args=(world,), daemon=True)
        teller.start()
        world.supervisor.watch(until=lambda: not teller.is_alive())
        world.stopped.set()
        world.gate.release()
        teller.join(10)

    def _tell_steps(self, world: World) -> None:
        for number, step in enumerate(self._steps, start=2):
            with self._step(number, step.title, processes=step.processes) as notes:
                notes.append(step.act(world) or "")
            if self._outcome.failed is not None:
                return

    @contextmanager
    def _step(self, number: int, title: str, *, processes: Sequence[str] = ()) -> Iterator[list[str]]:
        self._reporter.begin(number, title)
        begun = time.monotonic()
        notes: list[str] = []
        problem = ""
        try:
            yield notes
        except BroadsheetError as error:
            problem = str(error)
        except Exception as error:
            # Whatever happens, the person is told in which step; the trace is in the log of this command.
            logging.getLogger(__name__).exception("Step %s of the self-test broke", number)
            problem = f"The self-test itself broke: {type(error).__name__}: {error}"
        done = Done(number, title, time.monotonic() - begun, note="".join(notes), problem=problem)
        self._outcome.steps.append(done)
        if problem:
            logs = {name: self._tail(name) for name in processes}
            self._outcome.logs |= {name: lines for name, lines in logs.items() if lines}
        self._reporter.end(done)

    def _tail(self, name: str) -> list[str]:
        try:
            return last_lines((self._logs / f"{name}.log").read_text(errors="replace"))
        except FileNotFoundError:
            return []


def _world(stack: Stack, supervisor: Supervisor, feed: FeedServer, gate: Gate) -> World:
    return World(
        stack=stack,
        runtime=bootstrap.build(settings.load()),
        supervisor=supervisor,
        feed=feed,
        gate=gate,
        mailbox=Mailbox(stack.addresses.inbox_url),
        operator=Browser(stack.addresses.url),
        reader=Browser(stack.addresses.url),
    )


def _check_gone(traced: Sequence[processes.Traced], addresses: Addresses) -> None:
    left = [one for one in traced if one.is_there]
    if left:
        raise CheckFailed(f"Still there: {', '.join(f'{one.name} ({one.pid})' for one in left)}.")
    for port in (addresses.port, addresses.inbox_port, addresses.smtp_port):
        check(ports.is_free(port), f"Something still listens on port {port}.")


def _keep_or_wipe(data: DataFolder, folder: Path, *, keep: bool, outcome: Outcome) -> None:
    if keep:
        outcome.folder = str(folder)
        return
    stacks.wipe(data)
    shutil.rmtree(folder, ignore_errors=True)
