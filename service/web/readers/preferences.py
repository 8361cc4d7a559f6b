"""The preference page: everything about a subscription, by signed link and without a login."""

from datetime import date, timedelta

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.digests import forecast
from service.errors import Conflict, InvalidInput, NotFound
from service.languages import speech
from service.languages.dates import long_date
from service.newsletters.models import Rhythm
from service.subscribers import addresses, emails, filters, preferences, queries, reach, unsubscribe, wording
from service.subscribers.choices import LONGEST_PAUSE
from service.subscribers.models import Subscription, SubscriptionState
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers import moments, own_feed, zones
from service.web.readers.filter_form import FilterForm
from service.web.readers.forms import ChoicesForm
from service.web.readers.page import circumstances, ids, page
from service.web.security import private

blueprint = Blueprint("preferences", __name__)

CHANNEL = "preferences"
#: What was done, as the address of the page says after a redirect.
SAID = {
    "saved": "Saved.",
    "paused": "Your mail is paused.",
    "resumed": "Welcome back: your mail comes again.",
}


@blueprint.get("/p/<token>")
def show(token: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        subscription = _get(session, token)
    if subscription.state is not SubscriptionState.ACTIVE:
        return _inactive(subscription)
    return _page(subscription, token, _form_of(subscription), said=SAID.get(request.args.get("done", "")))


@blueprint.post("/p/<token>")
def save(token: str) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        subscription = _get(session, token)
        form = ChoicesForm(subscription.newsletter, request.form)
        if not form.validate():
            return _page(subscription, token, form, complaints=form.complaints()), 422
        shown = wording.announcements(subscription.newsletter)
        try:
            preferences.change(
                session,
                subscription.id,
                form.choices(),
                circumstances=circumstances(CHANNEL, wording=shown),
                now=now(),
            )
        except Conflict:
            return _inactive(subscription)
    return _back(token, "saved")


@blueprint.post("/p/<token>/filters")
def save_filters(token: str) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        subscription = _get(session, token)
        form = FilterForm(subscription, request.form)
        try:
            filters.change(
                session, subscription.id, form.filters(), circumstances=circumstances(CHANNEL), now=now()
            )
        except InvalidInput as error:
            complaints = form.complaints(error)
            return _page(
                subscription, token, _form_of(subscription), filter_form=form, complaints=complaints
            ), 422
        except Conflict:
            return _inactive(subscription)
    return _back(token, "saved")


@blueprint.post("/p/<token>/pause")
def pause(token: str) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        subscription = _get(session, token)
        try:
            preferences.pause(
                session, subscription.id, until=_day(), circumstances=circumstances(CHANNEL), now=now()
            )
        except InvalidInput as error:
            complaints = {"until": str(error)}
            return _page(subscription, token, _form_of(subscription), complaints=complaints), 422
        except Conflict:
            return _inactive(subscription)
    return _back(token, "paused")


@blueprint.post("/p/<token>/resume")
def resume(token: str) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        subscription = _get(session, token)
        try:
            preferences.resume(session, subscription.id, circumstances=circumstances(CHANNEL), now=now())
        except Conflict:
            return _inactive(subscription)
    return _back(token, "resumed")


@blueprint.post("/p/<token>/leave")
def leave(token: str) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        subscription = _get(session, token)
        unsubscribe.unsubscribe(session, subscription.id, circumstances=circumstances(CHANNEL), now=now())
    return private(page("left", newsletter=subscription.newsletter))


def _get(session: Session, token: str) -> Subscription:
    (subscription_id, *_) = ids(Purpose.PREFERENCES, token, at_least=1)
    subscription = queries.find(session, subscription_id)
    if subscription is None:
        raise NotFound("This subscription does not exist any more.")
    speech.begin(subscription.locale)
    return subscription


def _form_of(subscription: Subscription) -> ChoicesForm:
    return ChoicesForm(
        subscription.newsletter,
        topics=subscription.topic_ids,
        rhythm=subscription.rhythm.value,
        weekday=subscription.weekday,
        hour=subscription.hour,
        time_zone=subscription.time_zone,
        announcements=subscription.announcements,
        enough_items=subscription.enough_items,
    )


def _page(
    subscription: Subscription,
    token: str,
    form: ChoicesForm,
    *,
    filter_form: FilterForm | None = None,
    complaints: dict[str, str] | None = None,
    said: str | None = None,
) -> Response:
    today = reach.today(subscription, now=now())
    paused = reach.is_paused(subscription, now=now())
    until = subscription.paused_until
    return private(
        page(
            "preferences",
            newsletter=subscription.newsletter,
            token=token,
            form=form,
            filter_form=filter_form or FilterForm.of(subscription),
            others=[
                topic
                for topic in subscription.newsletter.open_topics
                if topic.id not in subscription.topic_ids
            ],
            complaints=complaints or {},
            said=said,
            address=addresses.mask(subscription.subscriber.email),
            summary=emails.summary(subscription),
            next_due=moments.local(subscription.next_due_at or now(), subscription),
            forecast=_forecast(subscription),
            waits_for=subscription.enough_items if subscription.rhythm is Rhythm.ENOUGH else None,
            paused_until=long_date(until) if paused and until is not None else None,
            typed_until=request.form.get("until", ""),
            first_day=today + timedelta(days=1),
            last_day=today + LONGEST_PAUSE,
            zones=zones.offered(form.time_zone.data or ""),
            feed_url=own_feed.address(subscription),
            announcements=wording.announcements(subscription.newsletter),
        )
    )


def _forecast(subscription: Subscription) -> str:
    """Say what the saved choice brings, by the last weeks."""
    newsletter = subscription.newsletter
    own = subscription.max_items or newsletter.max_items
    with runtime().sessions() as session:
        weekly = forecast.per_week(
            session,
            newsletter,
            topic_ids=subscription.topic_ids,
            excluded=subscription.excluded_topic_ids,
            now=now(),
        )
    return forecast.sentence(
        weekly,
        rhythm=subscription.rhythm,
        weekday=subscription.weekday,
        least=newsletter.min_items,
        most=min(own, newsletter.max_items),
        enough=subscription.enough_items,
    )


def _inactive(subscription: Subscription) -> Response:
    state = subscription.state.value
    return private(page("inactive", newsletter=subscription.newsletter, status=409, state=state))


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("until", ""))
    except ValueError:
        raise InvalidInput("Choose the day on which mail should come again.", field="until") from None


def _back(token: str, done: str) -> ResponseReturnValue:
    return private(redirect(url_for("preferences.show", token=token, done=done), code=303))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made
