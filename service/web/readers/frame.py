"""The sign-up form alone, for an `<iframe>` on another site: no script is needed and no cookie is set."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from service.newsletters.models import Newsletter, Topic
from service.web.readers import offer, signing_up
from service.web.readers.page import page
from service.web.readers.sign_up import blank, find, refused, values
from service.web.readers.sign_up_form import SignUpForm
from service.web.readers.signing_up import Outcome
from service.web.security import csrf, framable

blueprint = Blueprint("frame", __name__)


@blueprint.get("/n/<slug>/frame")
def show(slug: str) -> ResponseReturnValue:
    newsletter = find(slug)
    topic = offer.find_topic(newsletter, request.args.get("topic", ""))
    form = blank(newsletter, topic)
    if topic is None:
        form.topics.data = [each.id for each in newsletter.open_topics]
    return _page(newsletter, form, Outcome(), topic=topic)


@blueprint.post("/n/<slug>/frame")
def submit(slug: str) -> ResponseReturnValue:
    press = signing_up.press(slug, request.form, channel="frame")
    if press.outcome.is_taken:
        return framable(page("frame_sent", newsletter=press.newsletter))
    topic = offer.find_topic(press.newsletter, request.form.get("topic", ""))
    return refused(_page(press.newsletter, press.form, press.outcome, topic=topic), press.outcome)


# Browsers give a frame on another site no cookie of ours. The form acts for nobody who is logged in, and
# carries a nonce that only we can sign.
csrf.exempt(blueprint)


def _page(newsletter: Newsletter, form: SignUpForm, outcome: Outcome, *, topic: Topic | None) -> Response:
    return framable(page("frame", newsletter=newsletter, **values(newsletter, form, outcome, topic=topic)))
