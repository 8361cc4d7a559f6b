"""Shows a mail's HTML as a mail program would: no script, no form, nothing of the page around it.

`sandbox` in the header holds even when somebody opens the frame's address by itself.
"""

import re

from werkzeug.wrappers import Response

_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src http: https: data:; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PREFERENCE = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
# Links open beside the inbox, never inside the frame.
_BASE = '<base target="_blank">'


def frame_response(html: str, *, scheme: str) -> Response:
    """Serve the HTML; its dark-mode rules are switched on or off, whatever the browser prefers."""
    shown = _with_base(_in_scheme(html, dark=scheme == "dark"))
    response = Response(shown, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _in_scheme(html: str, *, dark: bool) -> str:
    def condition(match: re.Match[str]) -> str:
        holds = (match[1].lower() == "dark") == dark
        return "(min-width: 0)" if holds else "(max-width: 0)"

    return _PREFERENCE.sub(condition, html)


def _with_base(html: str) -> str:
    head = _HEAD.search(html)
    return html[: head.end()] + _BASE + html[head.end() :] if head else _BASE + html
