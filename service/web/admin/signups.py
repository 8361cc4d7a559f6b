"""Sign-ups of the last day: attempts, what held some back, and the networks they came from."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service.operators.models import Role
from service.ops import signups
from service.subscribers import caps
from service.subscribers.signup_models import Held
from service.web.admin import auth, words
from service.web.context import now, runtime

blueprint = Blueprint("console_signups", __name__, url_prefix="/console/signups")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

#: What held sign-ups back, and what those who pressed were told.
HELD = {
    Held.ADDRESS: ("the address had its mail already", "told that a mail is on its way"),
    Held.SUPPRESSED: ("the address is on the suppression list", "told that a mail is on its way"),
    Held.ROLE: ("an address of nobody: postmaster@, noreply@, our own", "told that a mail is on its way"),
    Held.NETWORK: ("too many from one network", "asked to come back later"),
    Held.NEWSLETTER: ("too many for one newsletter at once", "asked to come back in a few minutes"),
    Held.DECOY: ("filled in the field that people do not see", "told that a mail is on its way"),
    Held.HASTE: ("sent sooner than anybody types", "asked to press once more"),
    Held.NONCE: ("a form that we did not make, or of yesterday", "asked to press once more"),
}


@blueprint.get("/")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        view = signups.read(session, now=now())
    return render_template("admin/signups.html", view=view, held=HELD, caps=caps)
