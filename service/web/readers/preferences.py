"""The preference page: everything about a subscription, by signed link and without a login."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.dispatch import TaskName
from service.errors import BadToken, Conflict, InvalidInput, TooManyRequests
from service.languages.words import _
from service.subscribers import managing, reach, saving, unsubscribe, wording
from service.subscribers.choices import check_pause
from service.subscribers.models import Subscription, SubscriptionState
from service.subscribers.saving import Saved
from service.web.context import now, runtime
from service.web.readers import about, left, preference_form, preference_page, said, undoing
from service.web.readers.page import circumstances, page
from service.web.readers.preference_page import subscription_of, wants_json
from service.web.security import private

blueprint = Blueprint("preferences", __name__)

CHANNEL = "preferences"
#: The pauses that are one press away.
PAUSES = {"2w": timedelta(days=14), "1m": timedelta(days=30), "3m": timedelta(days=91)}

Change = Callable[[Session, Subscription], Saved]


@blueprint.get("/p/<token>")
def show(token: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        subscription = subscription_of(session, token)
        if subscription.state is not SubscriptionState.ACTIVE:
            return _inactive(subscription, token)
        done, undo = request.args.get("done", ""), request.args.get("undo", "")
        return preference_page.render(
            session,
            subscription,
            token,
            said=said.after(session, subscription, done, undo=undo),
            undo=undo,
            about=about.find(session, subscription, request.args.get("about", "")),
        )


@blueprint.post("/p/<token>")
def save(token: str) -> ResponseReturnValue:
    """Save one part of the page, or all of it."""
    part = request.form.get("part", preference_form.EVERYTHING)

    def change(session: Session, subscription: Subscription) -> Saved:
        wanted = preference_form.read(request.form, part)
        shown = wording.announcements(subscription.newsletter)
        return _save(session, subscription, wanted, shown=shown)

    return _changed(token, change, done="saved")


@blueprint.post("/p/<token>/undo")
def undo(token: str) -> ResponseReturnValue:
    """Take back what one save has changed, if that is still how it is."""

    def change(session: Session, subscription: Subscription) -> Saved:
        return saving.undo(
            session,
            subscription.id,
            undoing.read(subscription.id, request.form.get("undo", "")),
            circumstances=circumstances(CHANNEL, wording=wording.announcements(subscription.newsletter)),
            now=now(),
        )

    return _changed(token, change, done="undone")


@blueprint.post("/p/<token>/about")
def more_or_less(token: str) -> ResponseReturnValue:
    """Do what a button beside an article says."""
    article_id, pressed = request.form.get("about", ""), request.form.get("do", "")

    def change(session: Session, subscription: Subscription) -> Saved:
        found = about.find(session, subscription, article_id)
        if found is None:
            raise InvalidInput(_("This article is not available any more."), field="form")
        return _save(session, subscription, about.wish(subscription, found, pressed))

    return _changed(token, change, done="saved", about=article_id)


@blueprint.post("/p/<token>/pause")
def pause(token: str) -> ResponseReturnValue:
    def change(session: Session, subscription: Subscription) -> Saved:
        until = _until(reach.today(subscription, now=now()))
        return _save(session, subscription, {"paused_until": until.isoformat()})

    return _changed(token, change, done="paused")


@blueprint.post("/p/<token>/resume")
def resume(token: str) -> ResponseReturnValue:
    return _changed(
        token,
        lambda session, subscription: _save(session, subscription, {"paused_until": None}),
        done="resumed",
    )


@blueprint.post("/p/<token>/leave")
def leave(token: str) -> ResponseReturnValue:
    """Leave this newsletter, or every one of this house."""
    leave_from = unsubscribe.unsubscribe_all if request.form.get("all") else unsubscribe.unsubscribe
    with transaction(runtime().sessions) as session:
        subscription = subscription_of(session, token)
        leave_from(session, subscription.id, circumstances=circumstances(CHANNEL), now=now())
        return left.render(session, subscription)


@blueprint.post("/p/<token>/manage")
def manage(token: str) -> ResponseReturnValue:
    """Mail the link behind which the reader's data are."""
    try:
        with transaction(runtime().sessions) as session:
            subscription = subscription_of(session, token)
            managing.request(session, subscription.id, now=now())
    except TooManyRequests as error:
        return _refused(token, error, status=429)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    return _back(token, done="mailed")


def _save(
    session: Session, subscription: Subscription, wanted: Mapping[str, Any], *, shown: str | None = None
) -> Saved:
    return saving.save(
        session,
        subscription.id,
        wanted,
        circumstances=circumstances(CHANNEL, wording=shown),
        now=now(),
    )


def _changed(token: str, change: Change, *, done: str, **kept: str) -> ResponseReturnValue:
    """Make a change whole or not at all, and say what became of it."""
    try:
        with transaction(runtime().sessions) as session:
            subscription = subscription_of(session, token)
            saved = change(session, subscription)
            undo = undoing.token(subscription.id, saved)
            word = done if saved.before else "same"
            if wants_json():
                sentence = said.after(session, subscription, word, undo=undo)
                return preference_page.answer(session, subscription, token, said=sentence, undo=undo)
    except (InvalidInput, BadToken) as error:
        return _refused(token, error, status=422)
    except Conflict as error:
        return _refused(token, error, status=409)
    return _back(token, done=word, undo=undo, **kept)


def _refused(token: str, error: Exception, *, status: int) -> ResponseReturnValue:
    if wants_json():
        return preference_page.refusal(token, str(error), status=status)
    with runtime().sessions() as session:
        subscription = subscription_of(session, token)
        if subscription.state is not SubscriptionState.ACTIVE:
            return _inactive(subscription, token, sentence=str(error))
        field = (error.field if isinstance(error, InvalidInput) else None) or "form"
        return preference_page.render(
            session,
            subscription,
            token,
            typed=_typed(),
            complaints={field: str(error)},
            status=status,
        )


def _typed() -> dict[str, Any]:
    """What stood in the form, as far as it can be shown again."""
    part = request.form.get("part", preference_form.EVERYTHING if "rhythm" in request.form else "")
    try:
        return preference_form.read(request.form, part)
    except InvalidInput:
        return {}


def _inactive(subscription: Subscription, token: str, *, sentence: str = "") -> Response:
    return private(
        page(
            "inactive",
            newsletter=subscription.newsletter,
            status=409,
            state=subscription.state.value,
            token=token,
            sentence=sentence,
            said=said.plainly(request.args.get("done", "")),
        )
    )


def _until(today: date) -> date:
    length = PAUSES.get(request.form.get("length", ""))
    if length is not None:
        return today + length
    try:
        until = date.fromisoformat(request.form.get("until", ""))
    except ValueError:
        raise InvalidInput(_("Choose the day on which mail should come again."), field="until") from None
    check_pause(until, today=today)
    return until


def _back(token: str, **told: str) -> ResponseReturnValue:
    values = {name: value for name, value in told.items() if value}
    return private(redirect(url_for("preferences.show", token=token, **values), code=303))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made
