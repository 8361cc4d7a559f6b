"""Wakes workers by name. Losing a wake-up delays work until the next tick and never loses it."""

import logging
import threading
import time
from enum import StrEnum
from typing import Protocol

from celery import Celery
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


class Queue(StrEnum):
    """One queue per urgency; confirmations never wait behind a blast."""

    TRANSACTIONAL = "transactional"
    SEND = "send"
    PLAN = "plan"
    FETCH = "fetch"
    MAINTENANCE = "maintenance"


class TaskName(StrEnum):
    """Every task there is; a test matches this list with the tasks that workers register."""

    TICK = "broadsheet.ops.tick"
    HEARTBEAT = "broadsheet.ops.heartbeat"
    MAINTAIN = "broadsheet.ops.maintain"
    DELIVER_TRANSACTIONAL = "broadsheet.delivery.deliver_transactional"
    DELIVER_BULK = "broadsheet.delivery.deliver_bulk"
    SWEEP = "broadsheet.delivery.sweep"
    POLL_SOURCES = "broadsheet.articles.poll_sources"
    LOOK_AT_PICTURES = "broadsheet.articles.look_at_pictures"
    SETTLE = "broadsheet.articles.settle"
    SCORE = "broadsheet.popularity.score"
    PLAN_DIGESTS = "broadsheet.digests.plan"
    PLAN_FIRST_DIGESTS = "broadsheet.digests.plan_first"
    PULL_WITHDRAWN = "broadsheet.digests.pull_withdrawn"
    PUBLISH_EDITIONS = "broadsheet.archive.publish"
    FAN_OUT_BLASTS = "broadsheet.blasts.fan_out"
    COUNT_REPORTS = "broadsheet.reports.count"
    COUNT_READERS = "broadsheet.digests.count_readers"


QUEUES = {
    TaskName.TICK: Queue.PLAN,
    TaskName.HEARTBEAT: Queue.MAINTENANCE,
    TaskName.MAINTAIN: Queue.MAINTENANCE,
    TaskName.DELIVER_TRANSACTIONAL: Queue.TRANSACTIONAL,
    TaskName.DELIVER_BULK: Queue.SEND,
    TaskName.SWEEP: Queue.MAINTENANCE,
    TaskName.POLL_SOURCES: Queue.FETCH,
    TaskName.LOOK_AT_PICTURES: Queue.FETCH,
    TaskName.SETTLE: Queue.PLAN,
    TaskName.SCORE: Queue.MAINTENANCE,
    TaskName.PLAN_DIGESTS: Queue.PLAN,
    TaskName.PLAN_FIRST_DIGESTS: Queue.PLAN,
    TaskName.PULL_WITHDRAWN: Queue.PLAN,
    TaskName.PUBLISH_EDITIONS: Queue.PLAN,
    TaskName.FAN_OUT_BLASTS: Queue.PLAN,
    TaskName.COUNT_REPORTS: Queue.MAINTENANCE,
    TaskName.COUNT_READERS: Queue.MAINTENANCE,
}


class Dispatcher(Protocol):
    """Wakes a worker; call it after the commit, never inside the transaction."""

    def wake(self, task: TaskName) -> None: ...


class CeleryDispatcher:
    """Sends the task by name and lives with a broker that is down: the rows are the record."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("broadsheet-producer", broker=broker_url)
        self._app.conf.update(
            task_ignore_result=True,
            # Kombu's own defaults make a request wait six seconds for a broker that is down.
            broker_transport_options={
                "max_retries": 1,
                "interval_start": 0,
                "socket_timeout": 2,
                "socket_connect_timeout": 1,
            },
            broker_connection_timeout=1,
        )

    def wake(self, task: TaskName) -> None:
        """Say that there may be work; the tick says the same a few seconds later."""
        try:
            self._app.send_task(task.value, queue=QUEUES[task].value, retry=False, expires=60)
        except (OperationalError, OSError) as error:
            log.warning(
                "Could not wake %s (%s); the next tick will.",
                task.value,
                type(error).__name__,
            )


class CoalescingDispatcher:
    """Wakes from a thread of its own, and once for all that ask within a moment.

    For the web: a press of the sign-up button does not wait for the broker, and a hundred presses a second
    are twenty wake-ups. Whatever was committed before the call is seen by a wake-up that comes after it.
    """

    def __init__(self, dispatcher: Dispatcher, *, apart_seconds: float = 0.05) -> None:
        self._dispatcher = dispatcher
        self._apart_seconds = apart_seconds
        self._asked: set[TaskName] = set()
        self._is_asked = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self, task: TaskName) -> None:
        """Return at once; the worker is woken a moment later."""
        with self._lock:
            self._asked.add(task)
            # Begun at the first call: a server forks its workers after it has built this.
            if self._thread is None:
                self._begin()
        self._is_asked.set()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No thread to be had, or the process ends: what was asked for is committed, and must not fail.
            log.warning("No thread to wake workers from; the next call tries again, and the next tick wakes.")
        else:
            self._thread = thread

    def _run(self) -> None:
        while self._is_asked.wait():
            self._is_asked.clear()
            with self._lock:
                asked, self._asked = self._asked, set()
            for task in sorted(asked):
                self._wake(task)
            time.sleep(self._apart_seconds)

    def _wake(self, task: TaskName) -> None:
        try:
            self._dispatcher.wake(task)
        except Exception:
            # The thread must outlive it: every later wake-up is its work.
            log.exception("Could not wake %s; the next tick will.", task.value)
