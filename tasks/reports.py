"""Wake-ups for reports."""

from service.clock import utc_now
from service.db import transaction
from service.dispatch import TaskName
from service.reports import counting
from tasks.app import app
from tasks.base import runtime


@app.task(name=TaskName.COUNT_REPORTS)
def count() -> None:
    """Count the last days again, from what they were made of."""
    with transaction(runtime().sessions) as session:
        counting.count(session, now=utc_now())
