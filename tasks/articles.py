"""Wake-ups for feeds and for the settler."""

from service.articles import looking, polling, settling, stories
from service.bootstrap import fetcher, picture_fetcher
from service.clock import utc_now
from service.db import transaction
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime
from tasks.process import picture_slots, polling_slots, room


@app.task(name=TaskName.POLL_SOURCES)
def poll_sources() -> None:
    """Fetch every source that is due; one that fails never holds up another."""
    with room(polling_slots) as free:
        if free:
            polling.poll_due(runtime().sessions, fetcher(runtime()), now=utc_now())
    runtime().dispatcher.wake(TaskName.LOOK_AT_PICTURES)
    runtime().dispatcher.wake(TaskName.SETTLE)


@app.task(name=TaskName.LOOK_AT_PICTURES)
def look_at_pictures() -> None:
    """Look at the pictures of new articles, before a mail shows them."""
    with room(picture_slots) as free:
        if free:
            looking.look_at_due(runtime().sessions, picture_fetcher(runtime()), now=utc_now())


@app.task(name=TaskName.SETTLE)
def settle() -> None:
    """Fold what is new into stories, then let articles that have rested into the pools."""
    stories.fold_waiting(runtime().sessions, now=utc_now())
    with transaction(runtime().sessions) as session:
        settling.settle(session, settle_minutes=runtime().settings.settle_minutes, now=utc_now())
