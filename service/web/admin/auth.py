"""Who is at the console: the login cookie, and the guard that stands before whole blueprints."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from service.db import transaction
from service.errors import BadToken, BroadsheetError
from service.operators import sessions
from service.operators.models import Operator, OperatorSession, Role
from service.operators.roles import allows
from service.tokens import LIFETIMES, Purpose
from service.web.admin import page
from service.web.context import now, runtime

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def protect(blueprint: Blueprint, *, change: Role, look: Role = Role.VIEWER) -> None:
    """Guard every route of a blueprint: `look` is needed to read, `change` for everything else.

    Also gives its templates the console's layout, and shows its errors inside that layout.
    """

    def guard() -> ResponseReturnValue | None:
        if find_login() is None:
            return _to_login()
        require(look if request.method in _SAFE else change)
        return None

    blueprint.before_request(guard)
    dress(blueprint)


def dress(blueprint: Blueprint) -> None:
    """Give a blueprint the console's templates and error pages, without guarding it (login, invitation)."""
    blueprint.context_processor(lambda: page.context(_operator_or_none()))
    blueprint.add_app_template_filter(page.ago, "ago")
    blueprint.after_request(page.keep_out_of_caches)
    blueprint.register_error_handler(CSRFError, page.form_expired)
    blueprint.register_error_handler(BroadsheetError, page.problem)
    blueprint.register_error_handler(403, page.forbidden)
    blueprint.register_error_handler(404, page.not_found)


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


def find_login() -> OperatorSession | None:
    """Return the login that the request's cookie names, looked up once per request."""
    if "operator_login" not in g:
        token = request.cookies.get(cookie_name(), "")
        g.operator_login = None
        if token:
            with transaction(runtime().sessions) as session:
                g.operator_login = sessions.find(session, token, now=now())
    login: OperatorSession | None = g.operator_login
    return login


def remember(response: Response, token: str, operator: Operator) -> None:
    """Set the login cookie, and the one that tells the throttle that this browser knows the account."""
    _set(response, cookie_name(), token, seconds=int(sessions.ABSOLUTE.total_seconds()))
    known = runtime().tokens.make(Purpose.DEVICE, [operator.id], at=now())
    _set(response, device_cookie_name(), known, seconds=int(LIFETIMES[Purpose.DEVICE].total_seconds()))


def known_operator_id() -> int | None:
    """Return the account that this browser signed in to before."""
    cookie = request.cookies.get(device_cookie_name(), "")
    try:
        payload = runtime().tokens.read(Purpose.DEVICE, cookie, now=now())
    except BadToken:
        return None
    return int(payload[0])


def forget(response: Response) -> None:
    """Delete the login cookie."""
    _set(response, cookie_name(), "", seconds=0)


def cookie_name() -> str:
    return _prefixed("broadsheet-login")


def device_cookie_name() -> str:
    return _prefixed("broadsheet-device")


def safe_path(target: str) -> str | None:
    """Return where to go on after logging in: a console page of ours, nothing else."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or "\\" in target or not target.startswith("/console/"):
        return None
    return target


def _operator_or_none() -> Operator | None:
    login = find_login()
    return login.operator if login else None


def _to_login() -> ResponseReturnValue:
    target = url_for("console_entrance.login")
    if "HX-Request" in request.headers:
        # A fragment must not be replaced by a login form: the whole page goes there.
        return "", 401, {"HX-Redirect": target}
    if request.method == "GET" and request.path != "/console/":
        target = url_for("console_entrance.login", next=request.full_path.rstrip("?"))
    return redirect(target)


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
