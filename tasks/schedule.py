"""Everything periodic on one page. Beat only ticks; what is due is asked of the database.

Every entry expires before its next turn: a worker that was down for an hour finds one tick, not a thousand.
"""

from typing import Any

from service.dispatch import QUEUES, TaskName


def _every(seconds: float, task: TaskName) -> dict[str, Any]:
    return {
        "task": task.value,
        "schedule": seconds,
        "options": {"queue": QUEUES[task].value, "expires": seconds},
    }


def beat_schedule(*, sweep_seconds: float) -> dict[str, Any]:
    """Return everything that beat sends, and how often."""
    return {
        # Views wake workers directly; five seconds is what a lost wake-up costs.
        "tick": _every(5, TaskName.TICK),
        # Lease, sweep and tick in a row: what a lost worker held goes on within a minute.
        "sweep": _every(sweep_seconds, TaskName.SWEEP),
        # Clicks move scores slowly; two minutes lets an editor see the effect of a morning.
        "score": _every(120, TaskName.SCORE),
        # The public page of an edition may come a minute after the mails.
        "publish": _every(60, TaskName.PUBLISH_EDITIONS),
        # Reports are looked at over days; what they count is judged after ten minutes anyway.
        "reports": _every(300, TaskName.COUNT_REPORTS),
        # The calendar looks two weeks ahead; who signed up in the last minutes hardly shows in it.
        "readers": _every(300, TaskName.COUNT_READERS),
        # Purges and retention have days of slack.
        "maintain": _every(900, TaskName.MAINTAIN),
    }
