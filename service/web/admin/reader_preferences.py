"""A reader's preferences as an operator changes them: everything that the reader may set, but no yes."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.languages.offered import OFFERED
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import reader_acts
from service.subscribers import filters, saving
from service.subscribers.choices import enough_offered
from service.subscribers.models import Subscription, SubscriptionState
from service.web.admin import auth, page, reader_words, words
from service.web.context import now, runtime
from service.web.readers import offer, preference_form, preference_offer, zones

blueprint = Blueprint("console_reader_preferences", __name__, url_prefix="/console/readers")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)
blueprint.context_processor(reader_words.context)


@blueprint.get("/<int:subscriber_id>/subscriptions/<int:subscription_id>")
def show(subscriber_id: int, subscription_id: int) -> ResponseReturnValue:
    auth.require(Role.EDITOR)
    return _page(subscriber_id, subscription_id)


@blueprint.post("/<int:subscriber_id>/subscriptions/<int:subscription_id>")
def save(subscriber_id: int, subscription_id: int) -> ResponseReturnValue:
    """Save all of it; what did not change leaves no trace."""
    try:
        wanted = preference_form.read(request.form, preference_form.EVERYTHING)
        with transaction(runtime().sessions) as session:
            saved = reader_acts.change(
                session,
                subscription_id,
                wanted,
                reason=request.form.get("reason", ""),
                actor=actor_of(auth.current_operator()),
                now=now(),
            )
    except InvalidInput as error:
        return _page(subscriber_id, subscription_id, error), 422
    page.say("Saved. The next mail is made by it." if saved.after else "Nothing was different.")
    return redirect(url_for("console_readers.reader", subscriber_id=subscriber_id))


def _page(subscriber_id: int, subscription_id: int, error: InvalidInput | None = None) -> str:
    with runtime().sessions() as session:
        row = reader_acts.get_subscription(session, subscription_id)
        if row.subscriber_id != subscriber_id:
            raise NotFound("This subscription belongs to another reader.")
        values = saving.values_of(row)
        sources = preference_offer.sources(
            session, row.newsletter, muted=values["excluded_sources"], now=now()
        )
        if error is not None:
            values |= _typed()
        return render_template(
            "admin/reader_preferences.html",
            row=row,
            values=values,
            may_save=row.state is SubscriptionState.ACTIVE,
            has_said_yes=row.announcements,
            topics=row.newsletter.open_topics,
            sources=sources,
            reason=request.form.get("reason", ""),
            complaint=str(error) if error else "",
            complaint_field=error.field if error else None,
            **_offered(row),
        )


def _typed() -> dict[str, object]:
    try:
        return preference_form.read(request.form, preference_form.EVERYTHING)
    except InvalidInput:
        return {}


def _offered(row: Subscription) -> dict[str, object]:
    return {
        "rhythms": offer.rhythms(),
        "weekdays": offer.weekdays(),
        "hours": preference_offer.hours(),
        "zones": zones.offered(row.time_zone),
        "enough": enough_offered(row.newsletter),
        "ceilings": filters.ceilings(row.newsletter),
        "languages": OFFERED,
    }
