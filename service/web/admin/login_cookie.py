"""Who is at this browser: the login cookie, and the one that knows which account has signed in here."""

import secrets

from flask import Response, g, request

from service.db import transaction
from service.errors import BadToken
from service.operators import factors, rules, sessions
from service.operators.models import OperatorSession
from service.operators.throttle import Origin
from service.subscribers.addresses import network_of
from service.tokens import LIFETIMES, Purpose
from service.web.context import now, runtime, visitor_ip

#: Longer than any login: one that is over is told why, and whose form came too late is known.
_SECONDS = 8 * 24 * 3600


def find_login() -> OperatorSession | None:
    """Return the live login that the request's cookie names, looked up once per request."""
    if "operator_login" not in g:
        g.operator_login, g.lacks_factor = None, False
        token = token_here()
        if token:
            with transaction(runtime().sessions) as session:
                login = g.operator_login = sessions.find(session, token, now=now())
                if login is not None and rules.current(session).second_factor_required:
                    g.lacks_factor = not factors.of(session, login.operator_id).any
    login_: OperatorSession | None = g.operator_login
    return login_


def lacks_factor() -> bool:
    """Say whether everybody needs a second factor and the operator at this request has none."""
    find_login()
    return bool(g.lacks_factor)


def ended_login() -> OperatorSession | None:
    """Return the login of this browser that is over, while that is remembered."""
    token = token_here()
    if not token or find_login() is not None:
        return None
    with runtime().sessions() as session:
        return sessions.find_any(session, token)


def who_was_here() -> int | None:
    """Return the operator whose login this was, or who has signed in at this browser before."""
    login = find_login() or ended_login()
    return login.operator_id if login else _known()[0]


def origin() -> Origin:
    """Return where this try to log in comes from."""
    operator_id, device = _known()
    return Origin(network_of(visitor_ip()), operator_id, device)


def token_here() -> str:
    return request.cookies.get(cookie_name(), "")


def remember(response: Response, token: str, operator_id: int) -> None:
    """Set the login cookie, and the one that tells the throttle that this browser knows the account."""
    _set(response, cookie_name(), token, seconds=_SECONDS)
    known_id, device = _known()
    mark = device if known_id == operator_id and device else secrets.token_urlsafe(9)
    known = runtime().tokens.make(Purpose.DEVICE, [operator_id, mark], at=now())
    _set(response, device_cookie_name(), known, seconds=int(LIFETIMES[Purpose.DEVICE].total_seconds()))


def forget(response: Response) -> None:
    """Delete the login cookie."""
    _set(response, cookie_name(), "", seconds=0)


def cookie_name() -> str:
    return _prefixed("broadsheet-login")


def device_cookie_name() -> str:
    return _prefixed("broadsheet-device")


def _known() -> tuple[int | None, str]:
    cookie = request.cookies.get(device_cookie_name(), "")
    try:
        payload = runtime().tokens.read(Purpose.DEVICE, cookie, now=now())
    except BadToken:
        return None, ""
    return int(payload[0]), str(payload[1]) if len(payload) > 1 else "of an older login"


def _prefixed(name: str) -> str:
    # Browsers accept the __Host- prefix on Secure cookies only (standards 151).
    return f"__Host-{name}" if runtime().settings.https else name


def _set(response: Response, name: str, value: str, *, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=runtime().settings.https,
        httponly=True,
        samesite="Lax",
    )
