"""What was typed and could not be sent: shown, sent on by its own button, or thrown away."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from service.db import transaction
from service.operators import kept_forms
from service.operators.models import Role
from service.web.admin import auth, page
from service.web.context import now, runtime

blueprint = Blueprint("console_kept", __name__, url_prefix="/console/kept")
auth.protect(blueprint, change=Role.VIEWER)

#: Mail leaves by these: their own page shows today's number, and asks again.
ASKED_ANEW = frozenset(
    {
        "console_blasts.send",
        "console_blast_turns.approve",
        "console_blasts.send_test",
        "console_blasts.resume",
        "console_queue.release_all",
        "console_queue.resume",
        "console_relay.send_test",
        "console_messages.send_again",
        "console_rescue.retry",
        "console_rescue.send_unknown_again",
        "console_limits.order",
        "console_editions.approve",
        "console_reader_acts.resume",
        "console_reader_merging.merge",
    }
)


@blueprint.get("/<int:kept_id>")
def show(kept_id: int) -> ResponseReturnValue:
    """Show the fields, with the button that sends them to where they were going."""
    with runtime().sessions() as session:
        row = kept_forms.get(session, kept_id, operator_id=auth.current_operator().id, now=now())
    fields = kept_forms.fields_of(row)
    return render_template(
        "admin/kept.html",
        row=row,
        fields=fields,
        typed=[(name, value) for name, value in fields if kept_forms.is_typed(name) and value.strip()],
        can_go_on=_endpoint(row.path) not in ASKED_ANEW | {None},
    )


@blueprint.post("/<int:kept_id>/drop")
def drop(kept_id: int) -> ResponseReturnValue:
    """Throw it away."""
    with transaction(runtime().sessions) as session:
        kept_forms.drop(session, kept_id, operator_id=auth.current_operator().id)
    page.say("Thrown away.")
    return redirect(url_for("console_account.index"))


def _endpoint(path: str) -> str | None:
    """Return the view that takes a form sent to this address; None when there is none any more."""
    urls = current_app.url_map.bind(request.host)
    try:
        endpoint, _ = urls.match(path.partition("?")[0], method="POST")
    except (HTTPException, RequestRedirect):
        return None
    return str(endpoint)
