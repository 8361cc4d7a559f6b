"""`broadsheet worker`: becomes a Celery worker."""

import os
import sys

import click

from service import settings
from service.dispatch import Queue
from service.ops.heartbeats import process_name

#: A window of mails is some megabytes that come and go thirty times a second. By default the C library hands
#: them back to the kernel each time, and every page of the next window is a fault: 5 % of all work.
_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(32 * 1024 * 1024), "MALLOC_ARENA_MAX": "2"}


@click.command()
@click.option("--queues", default=",".join(Queue), show_default=True, help="Which queues to take work from.")
@click.option(
    "--pool",
    type=click.Choice(["threads", "prefork"]),
    default="threads",
    show_default=True,
    help="threads for one small machine, prefork where rendering keeps several cores busy.",
)
@click.option("--concurrency", type=int, default=None, help="Tasks at once; else WORKER_CONCURRENCY (4).")
def worker(queues: str, pool: str, concurrency: int | None) -> None:
    """Fetch feeds, plan digests, send mail. Run as many as you like, on as many machines as you like.

    SIGTERM finishes the mail in flight, hands back the rest and ends within ten seconds.
    """
    count = concurrency or settings.load().worker_concurrency
    os.environ["WORKER_CONCURRENCY"] = str(count)
    for name, value in _MEMORY.items():
        os.environ.setdefault(name, value)
    # This process turns into the worker: signals reach it without a parent in between.
    os.execv(  # noqa: S606  (no shell is meant)
        sys.executable,
        [
            sys.executable,
            "-m",
            "celery",
            "--app",
            "tasks.app",
            "--quiet",
            "worker",
            "--queues",
            queues,
            "--pool",
            pool,
            "--concurrency",
            str(count),
            "--hostname",
            process_name("worker"),
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "INFO",
        ],
    )
