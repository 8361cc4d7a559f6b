"""The confirmation link: a page with one button, and what the button does.

The page's script presses the button for a person (static/confirm.js); opening it changes nothing.
"""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.dispatch import TaskName
from service.errors import ExpiredToken
from service.languages import speech
from service.newsletters.models import Rhythm
from service.newsletters.queries import list_open
from service.subscribers import emails, opt_in, queries
from service.subscribers.models import Subscription
from service.subscribers.standing import Standing, standing
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers import moments, offer, sample
from service.web.readers.page import circumstances, ids, page
from service.web.security import private

blueprint = Blueprint("confirming", __name__)


@blueprint.get("/c/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show what would be confirmed; scanners open every link, so this changes nothing."""
    try:
        subscription_id, generation = ids(Purpose.CONFIRM, token, at_least=2)
    except ExpiredToken:
        return _expired()
    with runtime().sessions() as session:
        subscription = queries.find(session, subscription_id)
    return _page(subscription, standing(subscription, generation))


@blueprint.post("/c/<token>")
def confirm(token: str) -> ResponseReturnValue:
    try:
        subscription_id, generation = ids(Purpose.CONFIRM, token, at_least=2)
    except ExpiredToken:
        return _expired()
    with transaction(runtime().sessions) as session:
        now_standing = opt_in.confirm(
            session,
            subscription_id,
            generation,
            hash_address=runtime().hash_address,
            circumstances=circumstances("confirmation"),
            now=now(),
        )
        subscription = queries.find(session, subscription_id)
    if now_standing is Standing.CONFIRMED:
        runtime().dispatcher.wake(TaskName.PLAN_FIRST_DIGESTS)
        runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    return _page(subscription, now_standing)


def _page(subscription: Subscription | None, current: Standing) -> Response:
    if subscription is None or current is Standing.GONE:
        return _expired()
    newsletter = subscription.newsletter
    speech.begin(subscription.locale)
    if current not in {Standing.CONFIRMED, Standing.WAITING}:
        return private(page("not_confirmed", newsletter=newsletter, status=410, standing=current.value))
    links = runtime().links
    return private(
        page(
            "confirmed" if current is Standing.CONFIRMED else "confirm",
            newsletter=newsletter,
            preferences_url=links.preferences(subscription_id=subscription.id),
            leave_url=links.unsubscribe(subscription_id=subscription.id),
            latest_url=sample.latest_url(newsletter),
            forecast=_forecast(subscription),
            next_due=moments.local(subscription.next_due_at or now(), subscription),
            phrase=emails.rhythm_phrase(subscription),
            waits=subscription.rhythm is Rhythm.ENOUGH,
            topics=emails.topic_names(subscription),
            announcements=subscription.announcements,
            first_pending=subscription.first_digest_pending,
        )
    )


def _forecast(subscription: Subscription) -> str:
    with runtime().sessions() as session:
        return offer.sentence(
            session,
            subscription.newsletter,
            topic_ids=subscription.topic_ids,
            rhythm=subscription.rhythm.value,
            weekday=subscription.weekday,
            enough=subscription.enough_items,
            now=now(),
        )


def _expired() -> Response:
    """Say so, and offer the sign-up page; whether the address is still known, stays untold."""
    with runtime().sessions() as session:
        newsletters = list_open(session)
    only = newsletters[0] if len(newsletters) == 1 else None
    return private(page("expired", newsletter=only, status=410, newsletters=newsletters))
