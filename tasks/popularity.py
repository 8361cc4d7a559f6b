"""Wake-ups for popularity."""

from service.clock import utc_now
from service.db import transaction
from service.dispatch import TaskName
from service.popularity import counting, scoring
from service.recipes import exposure
from tasks.app import app
from tasks.base import runtime


@app.task(name=TaskName.SCORE)
def score() -> None:
    """Count what was shown and what was followed, then score."""
    with transaction(runtime().sessions) as session:
        exposure.count_shown(session, now=utc_now())
    with transaction(runtime().sessions) as session:
        counting.count(session, now=utc_now())
    with transaction(runtime().sessions) as session:
        scoring.rescore(session, now=utc_now())
