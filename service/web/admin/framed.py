"""Mails and pages inside console pages; mails may load pictures and styles, and run or send nothing."""

from flask import Response, request

from service.web import security

#: The widths that matter: a phone, and the column our mails are made for.
WIDTHS = (375, 600)

POLICY = (
    "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def page(response: Response) -> Response:
    """Let a page of ours stand in a frame of ours."""
    response.headers["Content-Security-Policy"] = security.policy(framed_by="'self'")
    return response


def mail(html: str) -> Response:
    """Serve the HTML part of a mail under a policy of its own."""
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def width() -> int:
    """Return the width that the page asks for, one of ours."""
    asked = request.args.get("width", type=int)
    return asked if asked in WIDTHS else WIDTHS[-1]
