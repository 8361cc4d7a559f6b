"""The console's front page: what is going out, what stands in the way, and how the house is."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service.operators.models import Role
from service.ops import overview
from service.web.admin import auth, words
from service.web.context import now, runtime

blueprint = Blueprint("console_overview", __name__, url_prefix="/console")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    limits = runtime().throttle.snapshot()
    with runtime().sessions() as session:
        pulse = overview.read_pulse(session, now=now(), limits=limits)
        house = overview.read_house(session, now=now())
    return render_template("admin/overview.html", pulse=pulse, house=house)
