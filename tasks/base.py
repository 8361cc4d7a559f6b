"""The base of every task: the runtime of this process, durations in the log, signs of life."""

import logging
import time
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import Task

from service import bootstrap, settings
from service.bootstrap import Runtime
from service.clock import utc_now
from service.db import transaction
from service.ops import heartbeats

log = logging.getLogger(__name__)

# Only the stubs know Task as a generic.
if TYPE_CHECKING:
    AnyTask = Task[..., Any]
else:
    AnyTask = Task

STARTED_AT = utc_now()
#: Seconds between two signs of life of one process, however many tasks it runs.
PULSE_SECONDS = 5.0


@cache
def runtime() -> Runtime:
    """Build this process's runtime on first use; a forked child builds its own."""
    return bootstrap.build(settings.load(), pool_size=12, trust_seconds=1.0)


class BroadsheetTask(AnyTask):
    """Logs what a task did and how long it took, and shows that this worker really runs tasks."""

    _pulse = 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        begun = time.monotonic()
        try:
            return super().__call__(*args, **kwargs)
        finally:
            spent = time.monotonic() - begun
            log.debug("%s took %.3f s", self.name, spent, extra={"task": self.name, "seconds": spent})
            if begun - BroadsheetTask._pulse >= PULSE_SECONDS:
                BroadsheetTask._pulse = begun
                show_life(str(self.request.hostname or "worker"), kind="worker", now=utc_now())


def show_life(name: str, *, kind: str, now: datetime) -> None:
    """Write a sign of life; a database that is down is no reason to fail the task."""
    try:
        with transaction(runtime().sessions) as session:
            heartbeats.beat(session, name=name, kind=kind, started_at=STARTED_AT, now=now)
    except Exception as error:
        log.warning("Could not record a sign of life (%s).", type(error).__name__)
