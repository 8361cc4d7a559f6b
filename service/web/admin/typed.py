"""Nothing that was typed is lost: forms that came too late, or from somebody who may no longer send them."""

from urllib.parse import urlsplit

from flask import Response, g, request, url_for

from service.db import transaction
from service.operators import kept_forms
from service.web import row_ids
from service.web.admin import login_cookie
from service.web.context import now, runtime


def keep() -> str | None:
    """Keep the form of this request for its operator; return the page that shows it, if anything was typed.

    Only where the CSRF check has passed, or the browser says that one of our own pages sent it.
    """
    operator_id = login_cookie.who_was_here()
    if request.method != "POST" or operator_id is None:
        return None
    with transaction(runtime().sessions) as session:
        row = kept_forms.keep(
            session,
            operator_id,
            path=request.full_path.rstrip("?"),
            page=page_it_was_on(),
            fields=request.form.items(multi=True),
            now=now(),
        )
        g.kept_anew = row is not None
        return url_for("console_kept.show", kept_id=row.id) if row else None


def came_from_us() -> bool:
    """Say whether the browser vouches that one of our own pages sent this form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin", "") == request.host_url.rstrip("/")


def page_it_was_on() -> str:
    """Return the console page that the form was on, as the browser says."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return "/console/"
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else "")) or "/console/"


def safe_path(target: str) -> str | None:
    """Return a console page of ours as it was asked for, and nothing else."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or "\\" in target or not target.startswith("/console/"):
        return None
    return target


def drop_what_was_sent(response: Response) -> Response:
    """Forget a kept form once its page has taken it, or shows it again by itself."""
    # A body that was too large is not read a second time.
    is_read = request.method == "POST" and response.status_code != 413
    kept_id = row_ids.typed_id(request.form, "kept_form") if is_read else 0
    operator_id = login_cookie.who_was_here() if kept_id else None
    if kept_id and operator_id and (response.status_code in {200, 302, 303, 422} or g.get("kept_anew")):
        with transaction(runtime().sessions) as session:
            kept_forms.drop(session, kept_id, operator_id=operator_id)
    return response
