"""The page on which a reader asks to be recognised, sees what that has brought, and takes it back."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.errors import BadToken, NotFound
from service.languages import speech
from service.languages.words import _
from service.popularity import affinity
from service.subscribers import queries, recognition
from service.subscribers.models import Subscription, SubscriptionState
from service.tokens import LIFETIMES, Purpose
from service.web.context import now, runtime
from service.web.readers.page import circumstances, ids, page
from service.web.security import private

blueprint = Blueprint("recognition", __name__)

CHANNEL = "preferences"


@blueprint.get("/p/<token>/recognition")
def show(token: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        subscription = _subscription(session, token)
        known = recognition.known_by(subscription)
        is_here = known is not None and known == reader_behind(session, subscription.newsletter_id)
        # A forwarded mail must not show a stranger what its reader reads.
        read = affinity.topics_read(session, known) if known is not None and is_here else []
        return private(
            page(
                "recognition",
                newsletter=subscription.newsletter,
                token=token,
                wording=recognition.wording(subscription.newsletter),
                is_known=known is not None,
                is_here=is_here,
                read=read,
                unchosen=[topic for topic, _n in read if topic.id not in subscription.topic_ids]
                if subscription.topic_ids
                else [],
            )
        )


@blueprint.post("/p/<token>/recognition")
def decide(token: str) -> ResponseReturnValue:
    """Allow it in this browser, or take it back everywhere."""
    response = redirect(url_for(".show", token=token), code=303)
    with transaction(runtime().sessions) as session:
        subscription = _subscription(session, token)
        how = circumstances(CHANNEL, wording=recognition.wording(subscription.newsletter))
        if request.form.get("recognise") == "yes":
            recognition.allow(session, subscription.id, circumstances=how, now=now())
            payload = [subscription.id, recognition.mark(subscription)]
            value = runtime().tokens.make(Purpose.READER, payload, at=now())
        else:
            recognition.withdraw(session, subscription.id, circumstances=how, now=now())
            value = ""
    seconds = int(LIFETIMES[Purpose.READER].total_seconds()) if value else 0
    response.set_cookie(
        _cookie(subscription.newsletter_id),
        value,
        max_age=seconds,
        secure=runtime().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return private(response)  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made


def reader_behind(session: Session, newsletter_id: int) -> bytes | None:
    """Return by what the clicks of this browser's reader are known; None of whoever did not ask for it."""
    cookie = request.cookies.get(_cookie(newsletter_id), "")
    if not cookie:
        return None
    try:
        subscription_id, mark = ids(Purpose.READER, cookie, at_least=2)
    except BadToken:
        return None
    return recognition.reader_of(session, subscription_id, mark, newsletter_id=newsletter_id)


def _subscription(session: Session, token: str) -> Subscription:
    subscription_id = ids(Purpose.PREFERENCES, token, at_least=1)[0]
    subscription = queries.find(session, subscription_id)
    if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
        raise NotFound(_("There is no active subscription behind this link."))
    speech.begin(subscription.locale)
    if not subscription.newsletter.recognises and subscription.recognition_key is None:
        raise NotFound(_("This newsletter does not offer to recognise readers."))
    return subscription


def _cookie(newsletter_id: int) -> str:
    return f"broadsheet-reader-{newsletter_id}"
