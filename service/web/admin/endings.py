"""Why a login is over, said at the login page; and that what was typed is kept."""

from flask import request

from service.operators import rules
from service.operators.models import Ending, OperatorSession
from service.web.admin import login_cookie
from service.web.context import now, runtime

_WHY = {
    Ending.EVERYWHERE: "This login was ended from another one of yours.",
    Ending.PASSWORD: "The password of your account was changed, which ended this login.",
    Ending.ROLE: "An administrator changed your role, which ended this login.",
    Ending.FACTOR: "The second factor of your account was changed, which ended this login.",
    Ending.DISABLED: "An administrator disabled this account.",
}


def sentence() -> str:
    """Say why this browser is logged out, if it was not by its own button."""
    login = login_cookie.ended_login()
    if login is None or login.ended_by is Ending.LOGGED_OUT:
        return ""
    why = _WHY[login.ended_by] if login.ended_by else _over_by_time(login)
    kept = request.args.get("next", "").startswith("/console/kept/")
    return f"{why} What you typed is kept: it is there when you have logged in." if kept else why


def _over_by_time(login: OperatorSession) -> str:
    with runtime().sessions() as session:
        limits = rules.current(session)
    if login.last_seen_at <= now() - rules.idle(limits):
        return f"You were logged out after {limits.idle_minutes} minutes without a click."
    return f"Nobody stays logged in for longer than {limits.longest_hours} hours. Please log in again."
