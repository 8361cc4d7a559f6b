"""The tick, signs of life, and housekeeping."""

from typing import Any

from celery.utils.nodenames import worker_direct

from service.clock import utc_now
from service.db import transaction
from service.dispatch import TaskName
from service.ops import due, heartbeats, retention, topic_merge
from tasks.app import app
from tasks.base import PULSE_SECONDS, runtime, show_life


@app.task(name=TaskName.TICK)
def tick() -> None:
    """Ask the database what is due and wake exactly that; ask every worker for a sign of life."""
    with transaction(runtime().sessions) as session:
        tasks = due.due_tasks(session, now=utc_now())
        workers = [process.name for process in heartbeats.list_processes(session, kind="worker")]
    for name in tasks:
        runtime().dispatcher.wake(name)
    for worker in workers:
        heartbeat.apply_async(queue=worker_direct(worker), expires=PULSE_SECONDS)


@app.task(name=TaskName.HEARTBEAT, bind=True)
def heartbeat(task: Any) -> None:
    """Prove that this worker runs tasks; being connected would prove nothing."""
    show_life(task.request.hostname, kind="worker", now=utc_now())


@app.task(name=TaskName.MAINTAIN)
def maintain() -> None:
    """Remind who has not confirmed, purge what may not be kept, make partitions ahead, merge on."""
    here = runtime()
    days = here.settings.ledger_days
    retention.maintain(here.sessions, ledger_days=days, hash_address=here.hash_address, now=utc_now())
    if not topic_merge.go_on(here.sessions, now=utc_now(), seconds=topic_merge.IN_A_ROUND):
        here.dispatcher.wake(TaskName.MAINTAIN)
