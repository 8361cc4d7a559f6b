"""The front page: the newsletters of this house, each with its latest issue."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from service.archive import issues
from service.newsletters import queries
from service.web.context import runtime
from service.web.readers.cacheable import public
from service.web.readers.page import page

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the newsletters; go straight to the only one, or to the set-up where there is none."""
    with runtime().sessions() as session:
        newsletters = queries.list_open(session)
        latest = {
            one.id: next(iter(issues.latest_issues(session, one, limit=1)), None)
            for one in newsletters
            if one.archive_public
        }
    if not newsletters:
        return redirect("/setup")
    if len(newsletters) == 1:
        return redirect(url_for("sign_up.show", slug=newsletters[0].slug))
    answer = page("front", newsletters=newsletters, latest=latest)
    # Its words are in the visitor's language.
    answer.vary.add("Accept-Language")
    return public(answer)
