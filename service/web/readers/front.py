"""The front page: which newsletters there are."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from service.newsletters import queries
from service.web.context import runtime
from service.web.readers.page import page

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the newsletters; go straight to the only one, or to the set-up where there is none."""
    with runtime().sessions() as session:
        newsletters = queries.list_open(session)
    if not newsletters:
        return redirect("/setup")
    if len(newsletters) == 1:
        return redirect(url_for("sign_up.show", slug=newsletters[0].slug))
    return page("front", newsletters=newsletters)
