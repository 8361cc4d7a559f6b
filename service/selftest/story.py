"""Tells the steps of a self-test one by one: times each, and ends with the first that fails."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from service.errors import BroadsheetError
from service.selftest.checks import Interrupted
from service.selftest.report import Done, Outcome, Reporter, last_lines
from service.selftest.steps import Step
from service.selftest.world import World

log = logging.getLogger(__name__)


class Story:
    """Writes what happens into an outcome, and tells a reporter."""

    def __init__(self, reporter: Reporter, outcome: Outcome, *, logs: Path) -> None:
        self._reporter = reporter
        self._outcome = outcome
        self._logs = logs

    @property
    def goes_on(self) -> bool:
        return self._outcome.failed is None

    @property
    def told(self) -> int:
        """How many steps are over."""
        return len(self._outcome.steps)

    def tell(self, steps: Sequence[Step], world: World) -> None:
        """Do one step after another; the story's first step is the start, so these count from two."""
        for number, step in enumerate(steps, start=2):
            with self.step(number, step.title, processes=step.processes) as notes:
                notes.append(step.act(world) or "")
            if not self.goes_on:
                return

    @contextmanager
    def step(self, number: int, title: str, *, processes: Sequence[str] = ()) -> Iterator[list[str]]:
        """Time what is done inside; an error is the end of the story and not of the program."""
        self._reporter.begin(number, title)
        begun = time.monotonic()
        notes: list[str] = []
        problem = ""
        try:
            yield notes
        except BroadsheetError as error:
            problem = str(error)
            self._outcome.interrupted = isinstance(error, Interrupted)
        except Exception as error:
            # Whatever happens, a person is told in which step; the trace helps whoever mends it.
            log.exception("Step %s of the self-test broke", number)
            problem = f"The self-test itself broke ({type(error).__name__}: {error})."
        done = Done(number, title, time.monotonic() - begun, note="".join(notes), problem=problem)
        self._outcome.steps.append(done)
        if problem and not self._outcome.interrupted:
            self._keep_logs(processes)
        self._reporter.end(done)

    def _keep_logs(self, processes: Sequence[str]) -> None:
        for name in processes:
            file = self._logs / f"{name}.log"
            lines = last_lines(file.read_text(errors="replace")) if file.exists() else []
            if lines:
                self._outcome.logs[name] = lines
