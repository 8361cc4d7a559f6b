"""The Celery application: how workers take work, and what they do when told to stop."""

from typing import Any

from celery import Celery
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from kombu import Queue as BrokerQueue

from service import logs, memory, settings
from service.clock import utc_now
from service.db import transaction
from service.dispatch import QUEUES, Queue, TaskName
from service.ops import heartbeats
from tasks import broker_guard
from tasks.base import BroadsheetTask, runtime, show_life
from tasks.process import stopping
from tasks.schedule import beat_schedule

broker_guard.install()

#: Tasks end well within this; a broker that lost a worker hands its messages on after it.
VISIBILITY_SECONDS = 300
TASK_SECONDS = 120


def _configuration() -> dict[str, Any]:
    """Read when a worker starts, not when this module is imported."""
    configuration = settings.load()
    return {
        "broker_url": configuration.broker_url,
        "broker_connection_retry_on_startup": True,
        # A worker waits for its broker for as long as it takes; the rows do not run away.
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_SECONDS,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 15,
        },
        "beat_scheduler": "tasks.beat:PulsingScheduler",
        "beat_schedule": beat_schedule(sweep_seconds=configuration.sweep_seconds),
        "beat_max_loop_interval": 5,
        "task_queues": [BrokerQueue(queue.value) for queue in Queue],
        "task_routes": {task.value: {"queue": queue.value} for task, queue in QUEUES.items()},
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # Without a limit a task that kills its process ran 87 times in 14 s (Celery 5.7 bounds it with this).
        "task_retry_on_worker_lost": True,
        "task_time_limit": TASK_SECONDS,
        "task_soft_time_limit": TASK_SECONDS - 10,
        "worker_prefetch_multiplier": 1,
        "worker_direct": True,
        # Tasks may run twice at once; ending a sender in the middle leaves a mail whose fate nobody knows.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": 10.0,
        "worker_enable_soft_shutdown_on_idle": True,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "timezone": "UTC",
        "enable_utc": True,
    }


#: Every module that holds tasks; a worker imports them when it starts.
MODULES = (
    "tasks.archive",
    "tasks.articles",
    "tasks.blasts",
    "tasks.delivery",
    "tasks.digests",
    "tasks.ops",
    "tasks.popularity",
    "tasks.reports",
)

app = Celery("broadsheet", task_cls=BroadsheetTask, include=MODULES)
app.add_defaults(_configuration)


@setup_logging.connect
def _log(**_: Any) -> None:
    logs.configure(json_lines=settings.load().log_format == "json")


@worker_process_init.connect
def _forked(**_: Any) -> None:
    """A child never uses connections that its parent opened."""
    if runtime.cache_info().currsize:
        runtime().engine.dispose(close=False)
        runtime.cache_clear()
    memory.settle()
    stopping.follow_parent()


@worker_ready.connect
def _ready(sender: Any, **_: Any) -> None:
    show_life(sender.hostname, kind="worker", now=utc_now())
    memory.settle()
    # What a killed worker held goes on with the one that takes its place, not with the next round of beat.
    runtime().dispatcher.wake(TaskName.SWEEP)


@worker_shutting_down.connect
def _stopping(**_: Any) -> None:
    stopping.set()


@worker_shutdown.connect
def _left(sender: Any, **_: Any) -> None:
    with transaction(runtime().sessions) as session:
        heartbeats.leave(session, name=sender.hostname)
