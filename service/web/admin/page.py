"""What every page of the console is made with: layout values, flash messages, errors in place."""

from datetime import datetime
from typing import Any

from flask import Response, flash, render_template
from flask.typing import ResponseReturnValue

from service.delivery import holds
from service.delivery.models import Hold
from service.errors import BroadsheetError
from service.operators.models import Operator, Role
from service.operators.roles import allows
from service.ops import actors
from service.web.admin import login_cookie, navigation, subjects, times, typed
from service.web.context import now, runtime
from service.web.errors import SENTENCES, STATUSES


def context(operator: Operator | None) -> dict[str, Any]:
    """What `admin/base.html` needs; `may("editor")` lets templates hide what a role cannot do."""
    settings = runtime().settings

    def may(needed: str) -> bool:
        return operator is not None and allows(operator.role, Role(needed))

    return {
        "operator": operator,
        "may": may,
        "navigation": navigation.groups(may) if operator else [],
        "is_inbox": settings.smtp_is_inbox,
        "inbox_url": settings.inbox_url,
        "audit_of_page": subjects.audit_of_page,
        # Asked by the layout alone, so that live parts of pages cost no query.
        "find_hold": _find_hold,
    }


def _find_hold() -> tuple[Hold, str] | None:
    """Return the red button's hold and who pressed it, for the strip above every page."""
    with runtime().sessions() as session:
        hold = holds.find(session)
        return (hold, actors.names(session, [hold.held_by])[hold.held_by]) if hold else None


def ago(instant: datetime) -> str:
    """The `ago` filter of console templates: measured from this request's instant."""
    return times.ago(instant, now=now())


def say(sentence: str) -> None:
    """Show a sentence on the next page: something was done."""
    flash(sentence, "done")


def warn(sentence: str) -> None:
    """Show a sentence on the next page: something was not done, or needs a person."""
    flash(sentence, "warning")


def problem(error: BroadsheetError) -> ResponseReturnValue:
    """Say what is in the way; what was typed into a form that came too late is kept."""
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    return _error(status, str(error), kept=typed.keep() if login_cookie.find_login() else None)


def forbidden(_error_: Exception) -> ResponseReturnValue:
    """Refuse, and keep what was typed: a role may have been taken away while the form was open."""
    sentence = "Your role does not allow this. An administrator can give you another one."
    return _error(403, sentence, kept=typed.keep())


def not_found(_error_: Exception) -> ResponseReturnValue:
    return _error(404, "There is nothing here. It may have been removed, or the address is incomplete.")


def too_large(_error_: Exception) -> ResponseReturnValue:
    """Refuse what was not even read, so that nothing of it can be kept."""
    sentence = "This was too large to be taken, and nothing was done. Go back: what you typed is still there."
    return _error(413, sentence + " Make it shorter, or send it in parts.")


def form_expired(_error_: Exception) -> ResponseReturnValue:
    """Refuse a form whose token is too old: a login in another tab does that. A stranger's keeps nothing."""
    kept = typed.keep() if typed.came_from_us() else None
    sentence = "This page was open for too long, or is older than your login, or cookies are off. "
    return _error(
        400, sentence + ("Nothing was done." if kept else "Go back, reload it and try again."), kept
    )


def keep_out_of_caches(response: Response) -> Response:
    """Console pages hold readers' and operators' data; nothing between us may keep them."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Robots-Tag", "noindex")
    return response


def _error(status: int, sentence: str, kept: str | None = None) -> ResponseReturnValue:
    sentence = sentence or SENTENCES.get(status, "")
    return render_template("admin/error.html", status=status, sentence=sentence, kept=kept), status
