"""Runs a benchmark: the supervisor in the main thread, the measurement in another."""

import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from sqlalchemy import text

from service import bootstrap, settings
from service.bench import installation, postfix, rows, stages
from service.bench.meter import Meter
from service.bench.plan import BenchmarkError, Plan
from service.bench.postfix import PostfixTools, Spurt
from service.bench.report import Report, costs
from service.bootstrap import Runtime
from service.clock import utc_now
from service.db import transaction
from service.delivery import accounting, mailings
from service.delivery.accounting import Account
from service.delivery.models import MessageState
from service.dispatch import TaskName
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.environment import own_environment
from service.embedded.stack import Stack
from service.embedded.supervisor import Supervisor

#: Workers are woken again this often, as beat does: a round of sending ends after a minute.
WAKE_SECONDS = 2.0
#: So long without a single mail, and the measurement is given up.
PATIENCE_SECONDS = 60.0
INTERRUPTED = "The benchmark was interrupted; nothing was measured."


class Progress(Protocol):
    """Who watches."""

    def say(self, what: str) -> None: ...

    def sent(self, done: int, total: int) -> None: ...


def run(plan: Plan, progress: Progress) -> Report:
    """Measure on an installation that is gone afterwards.

    :raises BenchmarkError: it could not be measured.
    """
    plan.check()
    tools = postfix.find(plan.sink_path)
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-bench-"))
    with own_environment(folder), DataFolder(folder / "data") as data:
        # Servers that run as another user pass through to the data.
        folder.chmod(0o711)
        try:
            return _drive(data, plan, tools, progress)
        finally:
            stacks.wipe(data)
            shutil.rmtree(folder, ignore_errors=True)


def _drive(data: DataFolder, plan: Plan, tools: PostfixTools, progress: Progress) -> Report:
    progress.say("Starting a database, a queue, workers and a sink")
    stack = installation.build(data, plan, tools=tools)
    with Supervisor(stack.processes, logs=data.logs, report=lambda *_: None) as supervisor:
        supervisor.start()
        if supervisor.stopping:
            raise BenchmarkError(INTERRUPTED)
        given_up = threading.Event()
        runtime = bootstrap.build(settings.load())
        measurement = _Measurement(plan, tools, stack, supervisor, runtime, progress, given_up)
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(measurement.run)
            supervisor.watch(until=found.done)
            given_up.set()
        runtime.engine.dispose()
        return found.result()


class _Measurement:
    """One measurement, in a thread of its own."""

    def __init__(
        self,
        plan: Plan,
        tools: PostfixTools,
        stack: Stack,
        supervisor: Supervisor,
        runtime: Runtime,
        progress: Progress,
        given_up: threading.Event,
    ) -> None:
        self._plan, self._tools, self._stack = plan, tools, stack
        self._supervisor, self._runtime = supervisor, runtime
        self._progress, self._given_up = progress, given_up

    def run(self) -> Report:
        began = time.monotonic()
        self._progress.say("Writing readers, recipes and the ledger")
        mailing_id = self._set_up()
        parts = stages.measure(self._runtime, mailing_id)
        set_up = time.monotonic() - began
        names = [process.name for process in self._stack.processes if process.name != "migrate"]
        meter = Meter(lambda: installation.pids(self._supervisor, names))
        seconds, account = self._send(mailing_id, meter)
        spurt = self._compare(parts.bytes_per_message)
        rate = account.sent / seconds
        return Report(
            mode=self._plan.mode.value,
            messages=self._plan.messages,
            dkim=self._plan.dkim,
            workers=self._plan.workers,
            connections=self._plan.connections,
            sink=installation.sink_name(self._plan, self._tools),
            sink_delay_ms=self._plan.sink_delay * 1000,
            sent=account.sent,
            not_sent={s.value: n for s, n in account.by_state.items() if n and s is not MessageState.SENT},
            set_up_seconds=set_up,
            seconds=seconds,
            messages_per_second=rate,
            message_bytes=parts.bytes_per_message,
            smtp_source_per_second=spurt.per_second if spurt else None,
            ratio=rate / spurt.per_second if spurt else None,
            cpu_ms_per_message=costs(
                meter.cpu,
                sent=account.sent,
                stages=parts,
                source_ms=spurt.cpu_ms_per_message if spurt else None,
            ),
            peak_rss_mb=meter.peak_mb,
        )

    def _set_up(self) -> int:
        runtime = self._runtime
        with transaction(runtime.sessions) as session:
            mailing_id = rows.fill(session, self._plan, links=runtime.links, now=utc_now())
        # What a database that has run for a day has behind it.
        with runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
        return mailing_id

    def _send(self, mailing_id: int, meter: Meter) -> tuple[float, Account]:
        """Let the workers go, and wait until nothing is pending any more."""
        self._progress.say("Sending")
        meter.start()
        began = changed = time.monotonic()
        with transaction(self._runtime.sessions) as session:
            mailings.resume(session, mailing_id, now=utc_now())
        woken, done = 0.0, 0
        while True:
            if time.monotonic() - woken > WAKE_SECONDS:
                woken = time.monotonic()
                meter.look()
                self._wake()
            account = self._account(mailing_id)
            if account.pending == 0:
                break
            if account.done != done:
                done, changed = account.done, time.monotonic()
                self._progress.sent(done, account.eligible)
            self._check(changed)
            time.sleep(0.1 if account.pending > self._plan.messages / 20 else 0.02)
        seconds = time.monotonic() - began
        meter.stop()
        self._progress.sent(account.done, account.eligible)
        return seconds, account

    def _wake(self) -> None:
        # A worker whose slots are taken sends the call back in a moment; twice as many reach all of them.
        for _ in range(self._plan.connections * 2):
            self._runtime.dispatcher.wake(TaskName.DELIVER_BULK)

    def _account(self, mailing_id: int) -> Account:
        with self._runtime.sessions() as session:
            return accounting.accounts(session, [mailing_id])[mailing_id]

    def _check(self, changed: float) -> None:
        if self._given_up.is_set():
            raise BenchmarkError(INTERRUPTED)
        if time.monotonic() - changed > PATIENCE_SECONDS:
            raise BenchmarkError(
                f"Nothing was sent for {PATIENCE_SECONDS:.0f} seconds; the rest was given up."
            )

    def _compare(self, size: int) -> Spurt | None:
        if self._tools.source is None:
            return None
        self._progress.say("Sending as many with smtp-source")
        return self._tools.send(
            port=self._stack.addresses.smtp_port,
            messages=self._plan.messages,
            size=size,
            connections=self._plan.connections,
        )
