"""Response headers for every page (ASVS 3.4), and CSRF protection for every browser form."""

import secrets

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Set the headers, make the CSP nonce available to templates, protect forms."""
    csrf.init_app(app)
    app.context_processor(lambda: {"csp_nonce": csp_nonce})
    app.after_request(_set_headers)


def csp_nonce() -> str:
    """Return this response's nonce, for inline style and script elements."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def policy(*, framed_by: str = "'none'") -> str:
    """Return the content security policy of a page; `framed_by` says whose pages may show it in a frame."""
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    return (
        f"default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; "
        "img-src 'self' data: http: https:; "
        "connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        f"object-src 'none'; frame-ancestors {framed_by}"
    )


def framable(response: Response) -> Response:
    """Let other sites show this page in a frame; it must act for nobody who is logged in."""
    response.headers["Content-Security-Policy"] = policy(framed_by="*")
    return response


def _set_headers(response: Response) -> Response:
    if "token" in (request.view_args or {}):
        # Also when the token was refused.
        private(response)
    if response.status_code == 304:
        # What the browser keeps has a policy with the nonces of its own body; this one would not fit it.
        return response
    response.headers.setdefault("Content-Security-Policy", policy())
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def private(response: Response) -> Response:
    """Mark a page that belongs to one reader: not stored, not indexed, tells nobody its address."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
