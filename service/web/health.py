"""Whether this process can serve: asked by the supervisor, by compose and by load balancers."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from service.web.context import runtime

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Answer 200 when the database answers; everything else recovers by itself."""
    with runtime().sessions() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok"}
