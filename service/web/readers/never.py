"""Never to be mailed again, by anybody who sends from here."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.languages import speech
from service.subscribers import queries, unsubscribe
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers.page import circumstances, ids, page
from service.web.security import private

blueprint = Blueprint("never", __name__)


@blueprint.get("/never/<token>")
def show(token: str) -> ResponseReturnValue:
    (subscription_id, *_rest) = ids(Purpose.NEVER_AGAIN, token, at_least=1)
    with runtime().sessions() as session:
        subscription = queries.find(session, subscription_id)
    if subscription is not None:
        speech.begin(subscription.locale)
    return private(page("never", newsletter=subscription.newsletter if subscription else None, done=False))


@blueprint.post("/never/<token>")
def press(token: str) -> ResponseReturnValue:
    """Suppress the address on every list of this installation."""
    (subscription_id, *_rest) = ids(Purpose.NEVER_AGAIN, token, at_least=1)
    with transaction(runtime().sessions) as session:
        subscription = queries.find(session, subscription_id)
        if subscription is not None:
            speech.begin(subscription.locale)
        newsletter = subscription.newsletter if subscription else None
        known = unsubscribe.never_again(
            session,
            subscription_id,
            hash_address=runtime().hash_address,
            circumstances=circumstances("never-again"),
            now=now(),
        )
    return private(page("never", newsletter=newsletter, done=True, known=known))
