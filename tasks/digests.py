"""Wake-ups for planning."""

from functools import partial

from service.clock import utc_now
from service.db import transaction
from service.digests import first, planning, pulling, tallying
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime
from tasks.process import digest_slots, room


@app.task(name=TaskName.PLAN_DIGESTS)
def plan() -> None:
    """Plan a digest for everybody who is due, then wake delivery."""
    wake = runtime().dispatcher.wake
    with room(digest_slots) as free:
        if free:
            more = partial(wake, TaskName.PLAN_DIGESTS)
            planning.plan_due(runtime().sessions, links=runtime().links, now=utc_now(), call_help=more)
    wake(TaskName.DELIVER_BULK)


@app.task(name=TaskName.PLAN_FIRST_DIGESTS)
def plan_first() -> None:
    """Plan the first digest of everybody who has just confirmed."""
    first.plan_first(runtime().sessions, links=runtime().links, now=utc_now())
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)


@app.task(name=TaskName.PULL_WITHDRAWN)
def pull_withdrawn() -> None:
    """Make the mails anew that hold a withdrawn article."""
    pulling.pull(runtime().sessions, links=runtime().links, now=utc_now())
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)


@app.task(name=TaskName.COUNT_READERS)
def count_readers() -> None:
    """Count who is due in the next two weeks, for the calendar."""
    with transaction(runtime().sessions) as session:
        tallying.count(session, now=utc_now())
