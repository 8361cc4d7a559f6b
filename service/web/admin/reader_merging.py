"""Merging two readers: the other address is asked for, the outcome is shown, then it is done."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.errors import InvalidInput
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import reader_merge
from service.web.admin import auth, page, reader_words, words
from service.web.admin.reader_view import Complaint, reader_page
from service.web.context import now, runtime

blueprint = Blueprint("console_reader_merging", __name__, url_prefix="/console/readers")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)
blueprint.context_processor(reader_words.context)


@blueprint.post("/<int:subscriber_id>/merge")
def find_other(subscriber_id: int) -> ResponseReturnValue:
    """Find the other reader by the whole address; nothing is changed yet."""
    try:
        with runtime().sessions() as session:
            other = reader_merge.find_other(session, request.form.get("address", ""))
            if other.id == subscriber_id:
                raise InvalidInput("This is the same reader. Type the other address.", field="address")
    except InvalidInput as error:
        complaint = Complaint("merge", str(error), "address", dict(request.form))
        return reader_page(subscriber_id, complaint=complaint)
    return redirect(url_for(".ask", gone_id=other.id, kept_id=subscriber_id), 303)


@blueprint.get("/<int:gone_id>/merge/<int:kept_id>")
def ask(gone_id: int, kept_id: int) -> ResponseReturnValue:
    """Show what becomes of every newsletter of the two."""
    auth.require(Role.EDITOR)
    return _page(gone_id, kept_id)


@blueprint.post("/<int:gone_id>/merge/<int:kept_id>")
def merge(gone_id: int, kept_id: int) -> ResponseReturnValue:
    """Do what was shown, and nothing else."""
    try:
        with transaction(runtime().sessions) as session:
            reader_merge.merge(
                session,
                gone_id,
                kept_id,
                mark=request.form.get("mark", ""),
                reason=request.form.get("reason", ""),
                hash_address=runtime().hash_address,
                actor=actor_of(auth.current_operator()),
                now=now(),
            )
    except InvalidInput as error:
        return _page(gone_id, kept_id, error), 422
    page.say("Merged. From now on one reader gets all of it, once.")
    return redirect(url_for("console_readers.reader", subscriber_id=kept_id))


def _page(gone_id: int, kept_id: int, error: InvalidInput | None = None) -> str:
    with runtime().sessions() as session:
        plan = reader_merge.plan(session, gone_id, kept_id, hash_address=runtime().hash_address)
        return render_template(
            "admin/reader_merge.html",
            plan=plan,
            words=reader_words.MERGED,
            complaint=str(error) if error else "",
            reason=request.form.get("reason", ""),
        )
