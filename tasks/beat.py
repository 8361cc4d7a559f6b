"""The beat: Celery's scheduler without a schedule file, showing that it lives.

Without a file nothing can be lost or corrupted; what is due is a question for the database anyway.
"""

import time
from typing import Any

from celery.beat import Scheduler

from service.clock import utc_now
from service.db import transaction
from service.ops import heartbeats
from tasks.base import PULSE_SECONDS, runtime, show_life


class PulsingScheduler(Scheduler):
    """Shows a sign of life from its own loop, so that a beat that hangs is seen."""

    _pulse = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() - self._pulse >= PULSE_SECONDS:
            self._pulse = time.monotonic()
            show_life(heartbeats.process_name("beat"), kind="beat", now=utc_now())
        return float(min(super().tick(*args, **kwargs), PULSE_SECONDS))

    def close(self) -> None:
        super().close()
        with transaction(runtime().sessions) as session:
            heartbeats.leave(session, name=heartbeats.process_name("beat"))
