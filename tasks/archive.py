"""Wake-ups for the archive."""

from service.archive import publishing
from service.clock import utc_now
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime


@app.task(name=TaskName.PUBLISH_EDITIONS)
def publish() -> None:
    """Give every edition that has come out its public page."""
    publishing.publish_due(runtime().sessions, now=utc_now())
