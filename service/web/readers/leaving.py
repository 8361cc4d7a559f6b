"""Unsubscribing with one click (RFC 8058) or one button, what one may want instead, and the way back."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.delivery.models import Mailing, Stream
from service.errors import BadToken, Conflict, InvalidInput
from service.languages import speech
from service.languages.words import _
from service.newsletters.models import Rhythm
from service.subscribers import queries, reach, returning, saving, unsubscribe
from service.subscribers.models import LeavingReason, Subscription, SubscriptionState
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers import left, outcome, undoing
from service.web.readers.page import circumstances, ids, page
from service.web.security import csrf, private

blueprint = Blueprint("leaving", __name__)

CHANNEL = "unsubscribe page"
#: Rhythms that bring no more mails than a month has weeks.
_SELDOM = {Rhythm.WEEKLY, Rhythm.FORTNIGHTLY, Rhythm.MONTHLY}
MONTH = timedelta(days=30)


@blueprint.get("/u/<token>")
def show(token: str) -> ResponseReturnValue:
    """One press leaves; beneath it what one may want instead. It tells nothing of what the reader chose."""
    (subscription_id, *rest) = ids(Purpose.UNSUBSCRIBE, token, at_least=1)
    with runtime().sessions() as session:
        subscription = _find(session, subscription_id)
        if subscription is None or subscription.state is SubscriptionState.UNSUBSCRIBED:
            return left.render(session, subscription)
        return _page(session, subscription, token, mailing_id=rest[0] if rest else None)


@blueprint.post("/u/<token>")
def leave(token: str) -> ResponseReturnValue:
    """Unsubscribe at once: for a mail service without cookies, and for the buttons of our own page.

    The address alone says who and which list, so the body is only looked at to name the channel, and for the
    button that leaves every list.
    """
    (subscription_id, *rest) = ids(Purpose.UNSUBSCRIBE, token, at_least=1)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    everything = not one_click and bool(request.form.get("all"))
    leave_from = unsubscribe.unsubscribe_all if everything else unsubscribe.unsubscribe
    with transaction(runtime().sessions) as session:
        leave_from(
            session,
            subscription_id,
            circumstances=circumstances("one-click" if one_click else "page"),
            now=now(),
            mailing_id=rest[0] if rest else None,
        )
        subscription = _find(session, subscription_id)
        return left.render_plainly(subscription) if one_click else left.render(session, subscription)


# A mail service has neither our cookie nor our form; the token in the address is the proof.
csrf.exempt(leave)


@blueprint.post("/u/<token>/instead")
def instead(token: str) -> ResponseReturnValue:
    """Do one of the things that somebody who came to leave may want instead."""
    (subscription_id, *_rest) = ids(Purpose.UNSUBSCRIBE, token, at_least=1)
    with transaction(runtime().sessions) as session:
        subscription = _find(session, subscription_id)
        if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
            return left.render(session, subscription)
        saved = saving.save(
            session,
            subscription_id,
            _wish(subscription),
            circumstances=circumstances(CHANNEL),
            now=now(),
        )
        return _stayed(session, subscription, token, undo=undoing.token(subscription_id, saved))


@blueprint.post("/u/<token>/undo")
def undo(token: str) -> ResponseReturnValue:
    """Take such a change back."""
    (subscription_id, *_rest) = ids(Purpose.UNSUBSCRIBE, token, at_least=1)
    sentence = ""
    try:
        with transaction(runtime().sessions) as session:
            _find(session, subscription_id)
            saving.undo(
                session,
                subscription_id,
                undoing.read(subscription_id, request.form.get("undo", "")),
                circumstances=circumstances(CHANNEL),
                now=now(),
            )
    except (BadToken, Conflict, InvalidInput) as error:
        sentence = str(error)
    with runtime().sessions() as session:
        subscription = _find(session, subscription_id)
        if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
            return left.render(session, subscription)
        return _stayed(session, subscription, token, undo="", sentence=sentence or _("Taken back."))


@blueprint.get("/back/<token>")
def show_left(token: str) -> ResponseReturnValue:
    """The page after leaving once more, for whoever reloads it."""
    subscription_id, _left_at = left.read_way_back(token)
    with runtime().sessions() as session:
        return left.render(session, _find(session, subscription_id), thanked="thanks" in request.args)


@blueprint.post("/back/<token>")
def come_back(token: str) -> ResponseReturnValue:
    """Take leaving back: everything is as it was before that press."""
    subscription_id, left_at = left.read_way_back(token)
    with transaction(runtime().sessions) as session:
        _find(session, subscription_id)
        back = returning.take_back(
            session, subscription_id, left_at=left_at, circumstances=circumstances("undo"), now=now()
        )
        return private(
            page(
                "back",
                newsletter=back[0].newsletter,
                names=[row.newsletter.name for row in back],
                outcome=outcome.of(session, back[0], now=now()),
            )
        )


@blueprint.post("/back/<token>/why")
def say_why(token: str) -> ResponseReturnValue:
    """Keep the reason, if one was named; what is none is no reason to complain."""
    subscription_id, _left_at = left.read_way_back(token)
    reason = request.form.get("reason", "")
    if reason in set(LeavingReason):
        with transaction(runtime().sessions) as session:
            returning.say_why(session, subscription_id, LeavingReason(reason))
    return private(redirect(url_for(".show_left", token=token, thanks=""), code=303))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made


def _find(session: Session, subscription_id: int) -> Subscription | None:
    subscription = queries.find(session, subscription_id)
    if subscription is not None:
        speech.begin(subscription.locale)
    return subscription


def _page(session: Session, subscription: Subscription, token: str, *, mailing_id: int | None) -> Response:
    mailing = None if mailing_id is None else session.get(Mailing, mailing_id)
    active = subscription.state is SubscriptionState.ACTIVE
    everything = queries.list_active(session, subscription.subscriber_id) if active else []
    least = subscription.newsletter.min_items
    return private(
        page(
            "leave",
            newsletter=subscription.newsletter,
            token=token,
            active=active,
            several=len(everything),
            announcement=subscription.announcements
            and mailing is not None
            and mailing.stream is Stream.BLAST,
            monthly=subscription.rhythm is not Rhythm.MONTHLY,
            top=least if subscription.max_items != least or subscription.rhythm not in _SELDOM else 0,
            topics=subscription.newsletter.open_topics,
            paused=reach.is_paused(subscription, now=now()),
        )
    )


def _stayed(
    session: Session, subscription: Subscription, token: str, *, undo: str, sentence: str = ""
) -> Response:
    return private(
        page(
            "stayed",
            newsletter=subscription.newsletter,
            token=token,
            undo=undo,
            sentence=sentence,
            outcome=outcome.of(session, subscription, now=now()),
        )
    )


def _wish(subscription: Subscription) -> dict[str, Any]:
    """Return the values behind a button of the page.

    :raises InvalidInput: no button of it.
    """
    pressed = request.form.get("do", "")
    if pressed == "monthly":
        return {"rhythm": Rhythm.MONTHLY.value}
    if pressed == "top":
        rhythm = subscription.rhythm if subscription.rhythm in _SELDOM else Rhythm.WEEKLY
        return {"max_items": subscription.newsletter.min_items, "rhythm": rhythm.value, "explore": False}
    if pressed == "pause":
        return {"paused_until": (reach.today(subscription, now=now()) + MONTH).isoformat()}
    if pressed == "announcements":
        return {"announcements": False}
    chosen = sorted(int(one) for one in request.form.getlist("topics") if one.isdecimal() and len(one) < 19)
    if pressed == "topics" and chosen:
        return {"topics": chosen}
    raise InvalidInput(_("Choose at least one topic to keep, or unsubscribe."), field="topics")
