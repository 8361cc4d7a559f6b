"""Behind the manage link: take one's data along, delete them, or move to another address."""

import json
from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.dispatch import TaskName
from service.errors import ExpiredToken, InvalidInput, TooManyRequests
from service.languages import speech
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.ops import reader_export
from service.subscribers import addresses, erasure, managing, moving
from service.subscribers.models import Subscription
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers.page import circumstances, ids, page
from service.web.security import private

blueprint = Blueprint("managing", __name__)


@blueprint.get("/m/<token>")
def show(token: str) -> ResponseReturnValue:
    try:
        with runtime().sessions() as session:
            return _page(_get(session, token), token)
    except ExpiredToken:
        return _over()


@blueprint.post("/m/<token>/export")
def export(token: str) -> ResponseReturnValue:
    """Everything that is known, as one file."""
    try:
        with runtime().sessions() as session:
            subscription = _get(session, token)
            known = reader_export.export(
                session, subscription.subscriber_id, hash_address=runtime().hash_address, now=now()
            )
    except ExpiredToken:
        return _over()
    written = json.dumps(known, ensure_ascii=False, indent=2) + "\n"
    response = Response(written, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return private(response)


@blueprint.post("/m/<token>/address")
def move(token: str) -> ResponseReturnValue:
    """Ask a new inbox; the answer is the same whether or not somebody reads there already."""
    typed = request.form.get("email", "")
    try:
        with transaction(runtime().sessions) as session:
            subscription = _get(session, token)
            moving.request(session, subscription, addresses.parse(typed), now=now())
    except ExpiredToken:
        return _over()
    except (InvalidInput, TooManyRequests) as error:
        status = 422 if isinstance(error, InvalidInput) else 429
        with runtime().sessions() as session:
            return _page(_get(session, token), token, complaint=str(error), typed=typed, status=status)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    with runtime().sessions() as session:
        return _page(_get(session, token), token, asked=True)


@blueprint.post("/m/<token>/erase")
def erase(token: str) -> ResponseReturnValue:
    """Delete the person, once a box says that it is meant."""
    try:
        with transaction(runtime().sessions) as session:
            subscription = _get(session, token)
            if not request.form.get("sure"):
                sentence = _("Tick the box first: what is deleted cannot be brought back.")
                return _page(subscription, token, unsure=sentence, status=422)
            newsletter = subscription.newsletter
            erasure.erase(session, subscription.subscriber_id, hash_address=runtime().hash_address, now=now())
    except ExpiredToken:
        return _over()
    return private(page("erased", newsletter=newsletter))


@blueprint.get("/address/<token>")
def show_new(token: str) -> ResponseReturnValue:
    """One button; scanners open every link, so this changes nothing."""
    return _asked_about(Purpose.NEW_ADDRESS, token, template="new_address")


@blueprint.post("/address/<token>")
def confirm_new(token: str) -> ResponseReturnValue:
    confirm = partial(moving.confirm, circumstances=circumstances("address"))
    return _acted_on(Purpose.NEW_ADDRESS, token, confirm, template="new_address")


@blueprint.get("/address/stop/<token>")
def show_stop(token: str) -> ResponseReturnValue:
    return _asked_about(Purpose.OLD_ADDRESS, token, template="old_address")


@blueprint.post("/address/stop/<token>")
def stop(token: str) -> ResponseReturnValue:
    return _acted_on(Purpose.OLD_ADDRESS, token, moving.stop, template="old_address")


def _asked_about(purpose: Purpose, token: str, *, template: str) -> Response:
    """Show the button of a change of address, or that its time is over."""
    (change_id, *_rest) = ids(purpose, token, at_least=1)
    with runtime().sessions() as session:
        subscription = _subscription_of(session, change_id)
        state = "over" if subscription is None else "asks"
        return private(page(template, newsletter=_newsletter(subscription), state=state))


def _acted_on(purpose: Purpose, token: str, act: Callable[..., bool], *, template: str) -> Response:
    """Confirm or stop a change of address, and say what became of it."""
    (change_id, *_rest) = ids(purpose, token, at_least=1)
    with transaction(runtime().sessions) as session:
        newsletter = _newsletter(_subscription_of(session, change_id))
        done = act(session, change_id, now=now())
    return private(page(template, newsletter=newsletter, state="done" if done else "over"))


def _get(session: Session, token: str) -> Subscription:
    subscription_id, mark = ids(Purpose.MANAGE, token, at_least=2)
    subscription = managing.open_link(session, subscription_id, mark, hash_address=runtime().hash_address)
    speech.begin(subscription.locale)
    return subscription


def _subscription_of(session: Session, change_id: int) -> Subscription | None:
    """Return whose change waits for its confirmation."""
    subscription = moving.subscription_of(session, change_id, now=now())
    if subscription is not None:
        speech.begin(subscription.locale)
    return subscription


def _newsletter(subscription: Subscription | None) -> Newsletter | None:
    return None if subscription is None else subscription.newsletter


def _over() -> Response:
    """Half an hour is over; the preference page mails a new link."""
    return private(page("manage_over", status=410))


def _page(
    subscription: Subscription,
    token: str,
    *,
    complaint: str = "",
    typed: str = "",
    asked: bool = False,
    unsure: str = "",
    status: int = 200,
) -> Response:
    return private(
        page(
            "manage",
            newsletter=subscription.newsletter,
            status=status,
            token=token,
            address=subscription.subscriber.email,
            complaint=complaint,
            typed=typed,
            asked=asked,
            unsure=unsure,
        )
    )
