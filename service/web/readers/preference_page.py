"""Renders the preference page, and the two pieces of it that a script puts in place of old ones."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, jsonify, render_template, request
from sqlalchemy.orm import Session

from service.errors import NotFound
from service.languages import dates, speech
from service.languages.offered import OFFERED
from service.languages.words import _
from service.subscribers import addresses, queries, reach, saving, wording
from service.subscribers.choices import LONGEST_PAUSE, enough_offered
from service.subscribers.filters import ceilings
from service.subscribers.models import Subscription
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers import offer, outcome, own_feed, preference_offer, undoing, zones
from service.web.readers.about import About
from service.web.readers.page import ids, page
from service.web.security import private


def subscription_of(session: Session, token: str) -> Subscription:
    """Return whose link this is, and speak their language from here on.

    :raises NotFound: nothing is known of them any more.
    """
    (subscription_id, *_rest) = ids(Purpose.PREFERENCES, token, at_least=1)
    subscription = queries.find(session, subscription_id)
    if subscription is None:
        raise NotFound(_("This subscription does not exist any more."))
    speech.begin(subscription.locale)
    return subscription


def render(
    session: Session,
    subscription: Subscription,
    token: str,
    *,
    typed: Mapping[str, Any] | None = None,
    complaints: Mapping[str, str] | None = None,
    said: str = "",
    undo: str = "",
    about: About | None = None,
    status: int = 200,
) -> Response:
    """Show everything as it is saved, with what was typed and refused in its place."""
    newsletter = subscription.newsletter
    today = reach.today(subscription, now=now())
    values = saving.values_of(subscription) | dict(typed or {})
    topics = preference_offer.topics(session, newsletter, now=now())
    others = [
        one for one in queries.list_active(session, subscription.subscriber_id) if one.id != subscription.id
    ]
    return private(
        page(
            "preferences",
            newsletter=newsletter,
            status=status,
            token=token,
            values=values,
            complaints=complaints or {},
            said=said,
            undo=undo if undoing.still_holds(subscription, undo) else "",
            about=about,
            address=addresses.mask(subscription.subscriber.email),
            outcome=outcome.of(session, subscription, now=now()),
            groups=_groups(topics, values),
            lost=outcome.lost_all_topics(subscription),
            many=len(topics) >= preference_offer.MANY,
            topics=topics,
            sources=preference_offer.sources(
                session, newsletter, muted=subscription.excluded_source_ids, now=now()
            ),
            rhythms=offer.rhythms(),
            weekdays=offer.weekdays(),
            hours=preference_offer.hours(),
            enough=list(enough_offered(newsletter)),
            ceilings=list(ceilings(newsletter)),
            zones=zones.offered(str(values["time_zone"])),
            languages=OFFERED,
            announcements=wording.announcements(newsletter),
            paused_until=_paused_until(subscription),
            typed_until=request.form.get("until", ""),
            first_day=today + timedelta(days=1),
            last_day=today + LONGEST_PAUSE,
            feed_url=own_feed.address(subscription),
            others=[_other(one) for one in others],
        )
    )


def answer(
    session: Session, subscription: Subscription, token: str, *, said: str, undo: str = ""
) -> Response:
    """Answer a script that has saved a part: the sentence that states the result, and the way back."""
    return private(
        jsonify(
            outcome=render_template(
                "readers/_outcome.html", outcome=outcome.of(session, subscription, now=now())
            ),
            toast=render_template("readers/_toast.html", token=token, said=said, undo=undo, bad=False),
        )
    )


def refusal(token: str, sentence: str, *, status: int) -> Response:
    """Tell a script why nothing was saved."""
    response = jsonify(
        toast=render_template("readers/_toast.html", token=token, said=sentence, undo="", bad=True)
    )
    response.status_code = status
    return private(response)


def wants_json() -> bool:
    """Say whether our script asks, and not a form."""
    return request.accept_mimetypes.best == "application/json"


def _groups(
    topics: list[preference_offer.Offered], values: Mapping[str, Any]
) -> list[tuple[str, list[preference_offer.Offered]]]:
    """A few topics stand in the newsletter's order; of many those that are followed come first."""
    followed = [one for one in topics if one.id in values["topics"]]
    if len(topics) < preference_offer.MANY or not followed:
        return [("", topics)]
    left = [one for one in topics if one.id not in values["topics"]]
    return [(_("You follow"), followed), *([(_("More topics"), left)] if left else [])]


def _paused_until(subscription: Subscription) -> str:
    until = subscription.paused_until
    if until is None or not reach.is_paused(subscription, now=now()):
        return ""
    return dates.long_date(until)


def _other(subscription: Subscription) -> dict[str, object]:
    return {
        "newsletter": subscription.newsletter,
        "line": outcome.line(subscription),
        "paused": reach.is_paused(subscription, now=now()),
        "url": runtime().links.preferences(subscription_id=subscription.id),
    }
