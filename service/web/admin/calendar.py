"""The calendar: what goes out in the next two weeks, when, and to how many readers."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.digests import tallying
from service.dispatch import TaskName
from service.newsletters import queries as newsletters
from service.operators.models import Role
from service.ops import calendar
from service.subscribers.choices import RHYTHMS
from service.web.admin import auth, words
from service.web.context import now, runtime

blueprint = Blueprint("console_calendar", __name__, url_prefix="/console/calendar")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show two weeks; a count that is old or missing is asked for, and is there at the next look."""
    newsletter_id = request.args.get("newsletter", type=int)
    with runtime().sessions() as session:
        offered = newsletters.list_open(session)
        found = calendar.read(session, newsletter_id=newsletter_id, now=now())
    if found.counted_at is None or found.counted_at < now() - tallying.STALE:
        runtime().dispatcher.wake(TaskName.COUNT_READERS)
    return render_template(
        "admin/calendar.html",
        calendar=found,
        newsletters=offered,
        newsletter_id=newsletter_id,
        rhythms=RHYTHMS,
    )
