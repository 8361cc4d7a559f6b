"""Wake-ups for feeds and for the settler."""

from service.articles import polling, settling, stories
from service.bootstrap import fetcher
from service.clock import utc_now
from service.db import transaction
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime
from tasks.process import polling_slots, room


@app.task(name=TaskName.POLL_SOURCES)
def poll_sources() -> None:
    """Fetch every source that is due; one that fails never holds up another."""
    with room(polling_slots) as free:
        if free:
            polling.poll_due(runtime().sessions, fetcher(runtime()), now=utc_now())
    runtime().dispatcher.wake(TaskName.SETTLE)


@app.task(name=TaskName.SETTLE)
def settle() -> None:
    """Fold what is new into stories, then let articles that have rested into the pools."""
    stories.fold_waiting(runtime().sessions, now=utc_now())
    with transaction(runtime().sessions) as session:
        settling.settle(session, settle_minutes=runtime().settings.settle_minutes, now=utc_now())
