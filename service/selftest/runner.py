"""Runs a self-test: the supervisor in the main thread, the story in another."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from service import bootstrap, settings
from service.clock import utc_now
from service.embedded import ports
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.environment import own_environment
from service.embedded.stack import Addresses, Stack
from service.embedded.supervisor import Supervisor
from service.selftest import processes
from service.selftest.browser import Browser
from service.selftest.checks import CheckFailed, Interrupted, check
from service.selftest.feed import FeedServer
from service.selftest.gate import Gate
from service.selftest.mailbox import Mailbox
from service.selftest.report import Outcome, Reporter
from service.selftest.steps import START, STEPS, STOP, Step
from service.selftest.story import Story
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
            _Run(Story(reporter, outcome, logs=data.logs), steps).drive(data)
        finally:
            _keep_or_wipe(data, folder, keep=keep, outcome=outcome)
    outcome.seconds = time.monotonic() - begun
    reporter.close(outcome)
    return outcome


class _Run:
    """One self-test under way."""

    def __init__(self, story: Story, steps: Sequence[Step]) -> None:
        self._story = story
        self._steps = steps

    def drive(self, data: DataFolder) -> None:
        """Start, tell the story, stop."""
        addresses = Addresses.from_free_ports()
        before = set(processes.descendants(os.getpid()))
        with ExitStack() as living:
            with self._story.step(1, START, processes=("postgres", "valkey", "migrate", "web", "worker")):
                world = self._start(data, addresses, living)
            if self._story.goes_on:
                self._tell(world)
            traced = set(processes.descendants(os.getpid())) - before
            stop = living.pop_all()
        if not self._story.goes_on:
            stop.close()
            return
        with self._story.step(len(self._steps) + 2, STOP):
            stop.close()
            if self._story.told <= len(self._steps):
                raise Interrupted
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
        if supervisor.stopping:
            raise Interrupted
        world = _world(stack, supervisor, feed, gate)
        living.callback(world.close)
        return world

    def _tell(self, world: World) -> None:
        """Tell the story in a thread of its own; this one keeps the processes running meanwhile."""
        teller = threading.Thread(target=self._story.tell, args=(self._steps, world), daemon=True)
        teller.start()
        world.supervisor.watch(until=lambda: not teller.is_alive())
        world.stopped.set()
        world.gate.release()
        teller.join(10)


def _world(stack: Stack, supervisor: Supervisor, feed: FeedServer, gate: Gate) -> World:
    stopped = threading.Event()
    return World(
        stack=stack,
        runtime=bootstrap.build(settings.load()),
        supervisor=supervisor,
        feed=feed,
        gate=gate,
        mailbox=Mailbox(stack.addresses.inbox_url, given_up=stopped.is_set),
        operator=Browser(stack.addresses.url),
        reader=Browser(stack.addresses.url),
        stopped=stopped,
    )


def _check_gone(traced: Iterable[processes.Traced], addresses: Addresses) -> None:
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
