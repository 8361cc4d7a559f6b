"""The last step of every way in: a new login in this browser, and on to the page that was asked for."""

from flask import make_response, redirect, request, session
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.operators import login as logins
from service.operators import sessions
from service.operators.models import Operator
from service.subscribers.addresses import network_of
from service.web.admin import login_cookie, navigation
from service.web.admin.typed import safe_path
from service.web.context import now, runtime, visitor_ip


def let_in(operator: Operator, target: str, *, by: str = "a password") -> ResponseReturnValue:
    """Begin a login in this browser, ending the one it had, and go on to a page."""
    with transaction(runtime().sessions) as writing:
        sessions.end(writing, login_cookie.token_here(), now=now())
        token = sessions.start(
            writing,
            operator,
            ip=request.remote_addr,
            user_agent=request.headers.get("User-Agent", ""),
            now=now(),
        )
        logins.note(writing, operator, by=by, network=network_of(visitor_ip()), now=now())
    flashes = session.get("_flashes")
    session.clear()  # a CSRF token that was known before the login is worth nothing after it
    if flashes:
        session["_flashes"] = flashes
    response = make_response(redirect(target))
    login_cookie.remember(response, token, operator.id)
    return response


def target_after(*, default: str | None = None) -> str:
    """Return where this login leads: the page that was asked for, else the first there is."""
    asked = safe_path(request.args.get("next", ""))
    return asked or (navigation.first_page() if default is None else default)
