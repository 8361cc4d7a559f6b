"""What operators do in a reader's place: pause, resume, unsubscribe, suppress, take along, erase."""

import json
from collections.abc import Callable
from datetime import date

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import reader_acts, reader_story
from service.web import row_ids
from service.web.admin import auth, page, reader_words, words
from service.web.admin.reader_view import Complaint, reader_page
from service.web.context import now, runtime

blueprint = Blueprint("console_reader_acts", __name__, url_prefix="/console/readers")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)
blueprint.context_processor(reader_words.context)


@blueprint.post("/<int:subscriber_id>/subscriptions/<int:subscription_id>/pause")
def pause(subscriber_id: int, subscription_id: int) -> ResponseReturnValue:
    def act(session: Session) -> None:
        reader_acts.pause(session, subscription_id, until=_day(), reason=_reason(), actor=_actor(), now=now())

    return _act(subscriber_id, act, form=f"pause-{subscription_id}", said="Paused.")


@blueprint.post("/<int:subscriber_id>/subscriptions/<int:subscription_id>/resume")
def resume(subscriber_id: int, subscription_id: int) -> ResponseReturnValue:
    def act(session: Session) -> None:
        reader_acts.resume(session, subscription_id, reason=_reason(), actor=_actor(), now=now())

    return _act(subscriber_id, act, form=f"resume-{subscription_id}", said="Mail comes again.")


@blueprint.post("/<int:subscriber_id>/subscriptions/<int:subscription_id>/unsubscribe")
def leave(subscriber_id: int, subscription_id: int) -> ResponseReturnValue:
    """Take the reader off a list; what was queued is cancelled with it."""

    def act(session: Session) -> None:
        reader_acts.leave(session, subscription_id, reason=_reason(), actor=_actor(), now=now())

    said = "Unsubscribed. What was waiting to be sent is cancelled."
    return _act(subscriber_id, act, form=f"leave-{subscription_id}", said=said)


@blueprint.post("/<int:subscriber_id>/suppress")
def suppress(subscriber_id: int) -> ResponseReturnValue:
    """Put the address on the suppression list, for one newsletter or for all."""

    def act(session: Session) -> None:
        reader_acts.suppress(
            session,
            subscriber_id,
            list_id=_list_id(),
            reason=_reason(),
            hash_address=runtime().hash_address,
            actor=_actor(),
            now=now(),
        )

    return _act(subscriber_id, act, form="suppress", said="On the suppression list: nothing is sent there.")


@blueprint.post("/<int:subscriber_id>/export")
def export(subscriber_id: int) -> ResponseReturnValue:
    """Give everything that is known as one file, the same that readers get themselves."""
    auth.require_recent()
    with transaction(runtime().sessions) as session:
        known = reader_acts.export(
            session, subscriber_id, hash_address=runtime().hash_address, actor=_actor(), now=now()
        )
    written = json.dumps(known, ensure_ascii=False, indent=2) + "\n"
    response = Response(written, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="reader-{subscriber_id}.json"'
    return response


@blueprint.get("/<int:subscriber_id>/erase")
def ask_to_erase(subscriber_id: int) -> ResponseReturnValue:
    """Say what erasing means before it is done."""
    auth.require(Role.EDITOR)
    return _erase_page(subscriber_id)


@blueprint.post("/<int:subscriber_id>/erase")
def erase(subscriber_id: int) -> ResponseReturnValue:
    auth.require_recent()
    try:
        with transaction(runtime().sessions) as session:
            reader_acts.erase(
                session,
                subscriber_id,
                typed=request.form.get("typed", ""),
                reason=_reason(),
                hash_address=runtime().hash_address,
                actor=_actor(),
                now=now(),
            )
    except InvalidInput as error:
        return _erase_page(subscriber_id, error), 422
    page.say("Erased. Only a fingerprint stays on the suppression list, so that nobody writes there again.")
    return redirect(url_for("console_readers.index"))


def _erase_page(subscriber_id: int, error: InvalidInput | None = None) -> str:
    with runtime().sessions() as session:
        profile = reader_story.get(session, subscriber_id, hash_address=runtime().hash_address)
    complaint = Complaint(
        sentence=str(error) if error else "", about=error.field if error else None, typed=dict(request.form)
    )
    return render_template("admin/reader_erase.html", reader=profile.subscriber, complaint=complaint)


def _act(subscriber_id: int, act: Callable[[Session], None], *, form: str, said: str) -> ResponseReturnValue:
    """Do it; a sentence about what was typed stands beside the form, with everything still in it."""
    try:
        with transaction(runtime().sessions) as session:
            act(session)
    except InvalidInput as error:
        complaint = Complaint(form, str(error), error.field, dict(request.form))
        return reader_page(subscriber_id, complaint=complaint)
    page.say(said)
    return redirect(url_for("console_readers.reader", subscriber_id=subscriber_id))


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("until", "").strip())
    except ValueError:
        raise InvalidInput("Write a day as year, month and day: 2026-11-25.", field="until") from None


def _reason() -> str:
    return request.form.get("reason", "")


def _actor() -> str:
    return actor_of(auth.current_operator())


def _list_id() -> int:
    """Return the newsletter, 0 for all of them; what names none must not be taken for all."""
    typed = request.form.get("list", "0")
    list_id = row_ids.typed_id(request.form, "list")
    if typed not in {"", "0"} and not list_id:
        raise NotFound("There is no such newsletter.")
    return list_id
