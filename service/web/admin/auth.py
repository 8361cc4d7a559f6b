"""The guard that stands before whole blueprints: who may look, who may change, and what happens else."""

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from service.errors import BroadsheetError
from service.operators.models import Operator, Role
from service.operators.roles import allows
from service.web import row_ids
from service.web.admin import login_cookie, page, recent, typed
from service.web.admin.login_cookie import find_login as find_login
from service.web.admin.recent import require as require_recent
from service.web.admin.typed import safe_path as safe_path

__all__ = ["current_operator", "dress", "find_login", "protect", "require", "require_recent", "safe_path"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: The roles that each guarded blueprint has declared: to look, and to change. A test walks them.
DECLARED: dict[str, tuple[Role, Role]] = {}
#: What an operator without the second factor that everybody needs may still do: set one up, and stop mail.
_WITHOUT_FACTOR = frozenset({"console_account", "console_factors", "console_confirm"})
_STOPS = frozenset(
    {
        "console_queue.ask_to_pause_all",
        "console_queue.pause_all",
        "console_queue.pause",
        "console_blasts.pause",
        "console_blast_turns.undo",
        "console_reader_acts.leave",
        "console_reader_acts.pause",
        "console_reader_acts.suppress",
    }
)


def protect(blueprint: Blueprint, *, change: Role, look: Role = Role.VIEWER) -> None:
    """Guard every route of a blueprint: `look` is needed to read, `change` for everything else.

    Also gives its templates the console's layout, and shows its errors inside that layout.
    """
    DECLARED[blueprint.name] = (look, change)

    def guard() -> ResponseReturnValue | None:
        if find_login() is None:
            return _to_login()
        require(look if request.method in _SAFE else change)
        if row_ids.lead_nowhere(request.args.values()):
            abort(404)
        if login_cookie.lacks_factor() and blueprint.name not in _WITHOUT_FACTOR:
            return None if request.endpoint in _STOPS else _to_second_factor()
        return None

    blueprint.before_request(guard)
    dress(blueprint)


def dress(blueprint: Blueprint) -> None:
    """Give a blueprint the console's templates and error pages, without guarding it (login, invitation)."""
    blueprint.context_processor(lambda: page.context(_operator_or_none()))
    blueprint.add_app_template_filter(page.ago, "ago")
    blueprint.after_request(page.keep_out_of_caches)
    blueprint.after_request(typed.drop_what_was_sent)
    blueprint.register_error_handler(CSRFError, page.form_expired)
    blueprint.register_error_handler(BroadsheetError, page.problem)
    blueprint.register_error_handler(recent.ConfirmationNeeded, recent.ask)
    blueprint.register_error_handler(403, page.forbidden)
    blueprint.register_error_handler(404, page.not_found)
    blueprint.register_error_handler(413, page.too_large)


def require(needed: Role) -> Operator:
    """Return the operator at this request, or refuse when their role does not allow it."""
    operator = current_operator()
    if not allows(operator.role, needed):
        abort(403)
    return operator


def current_operator() -> Operator:
    """Return the operator at this request; only where `protect` stands in front."""
    login = find_login()
    if login is None:
        abort(403)
    return login.operator


def _operator_or_none() -> Operator | None:
    login = find_login()
    return login.operator if login else None


def _to_login() -> ResponseReturnValue:
    """Lead to the login and back; what was typed is there again afterwards."""
    target = url_for("console_entrance.login")
    if request.method == "POST":
        target = url_for("console_entrance.login", next=typed.keep() or typed.page_it_was_on())
    elif request.path != "/console/" and "HX-Request" not in request.headers:
        target = url_for("console_entrance.login", next=request.full_path.rstrip("?"))
    if "HX-Request" in request.headers:
        # A fragment must not be replaced by a login form: the whole page goes there.
        return "", 401, {"HX-Redirect": target}
    return redirect(target)


def _to_second_factor() -> ResponseReturnValue:
    kept = typed.keep()
    page.warn(
        "Everybody needs a second factor here. Set one up, and go on."
        + (" What you typed is kept." if kept else "")
    )
    return redirect(url_for("console_factors.index", next=kept) if kept else url_for("console_factors.index"))
