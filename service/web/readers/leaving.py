"""Unsubscribing with one click (RFC 8058) or one button, and "never mail me again"."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.newsletters.models import Newsletter
from service.subscribers import queries, unsubscribe
from service.subscribers.models import SubscriptionState
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers.page import circumstances, ids, page
from service.web.security import csrf, private

blueprint = Blueprint("leaving", __name__)


@blueprint.get("/u/<token>")
def show(token: str) -> ResponseReturnValue:
    """A page with one button; it tells nothing about the reader (standards 146)."""
    (subscription_id, *_) = ids(Purpose.UNSUBSCRIBE, token, at_least=1)
    with runtime().sessions() as session:
        subscription = queries.find(session, subscription_id)
    if subscription is None or subscription.state is SubscriptionState.UNSUBSCRIBED:
        return _left(subscription.newsletter if subscription else None)
    return private(page("leave", newsletter=subscription.newsletter))


@blueprint.post("/u/<token>")
def leave(token: str) -> ResponseReturnValue:
    """Unsubscribe at once: for a mail service without cookies, and for the button of our own page.

    The address alone says who and which list, so the body is only looked at to name the channel.
    """
    (subscription_id, *rest) = ids(Purpose.UNSUBSCRIBE, token, at_least=1)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    with transaction(runtime().sessions) as session:
        subscription = unsubscribe.unsubscribe(
            session,
            subscription_id,
            circumstances=circumstances("one-click" if one_click else "page"),
            now=now(),
            mailing_id=rest[0] if rest else None,
        )
    return _left(subscription.newsletter if subscription else None)


# A mail service has neither our cookie nor our form; the token in the address is the proof.
csrf.exempt(leave)


@blueprint.get("/never/<token>")
def show_never(token: str) -> ResponseReturnValue:
    (subscription_id, *_) = ids(Purpose.NEVER_AGAIN, token, at_least=1)
    with runtime().sessions() as session:
        subscription = queries.find(session, subscription_id)
    return private(page("never", newsletter=subscription.newsletter if subscription else None, done=False))


@blueprint.post("/never/<token>")
def never(token: str) -> ResponseReturnValue:
    """Suppress the address on every list of this installation."""
    (subscription_id, *_) = ids(Purpose.NEVER_AGAIN, token, at_least=1)
    with transaction(runtime().sessions) as session:
        subscription = queries.find(session, subscription_id)
        newsletter = subscription.newsletter if subscription else None
        known = unsubscribe.never_again(
            session,
            subscription_id,
            hash_address=runtime().hash_address,
            circumstances=circumstances("never-again"),
            now=now(),
        )
    return private(page("never", newsletter=newsletter, done=True, known=known))


def _left(newsletter: Newsletter | None) -> ResponseReturnValue:
    """The same page the first time and every time after."""
    return private(page("left", newsletter=newsletter))
