"""Mails and pages inside console pages; mails may load pictures and styles, and run or send nothing."""

from dataclasses import dataclass
from enum import StrEnum

from flask import Response, request, url_for

from service.emails.letters import EmailContent
from service.web import security


class Look(StrEnum):
    """How a mail is looked at; text and source are no frame."""

    DESK = "desk"
    PHONE = "phone"
    DARK = "dark"
    NO_IMAGES = "no-images"
    TEXT = "text"
    SOURCE = "source"


LABELS = {
    Look.DESK: "Desktop",
    Look.PHONE: "Phone",
    Look.DARK: "Dark",
    Look.NO_IMAGES: "No images",
    Look.TEXT: "Text",
    Look.SOURCE: "Source",
}
#: The width of a phone, and of the column that our mails are made for.
PHONE_WIDTH, DESK_WIDTH = 375, 640

_POLICY = (
    "sandbox; default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_ANY = "http: https: data:"
_DARK_RULES = "@media (prefers-color-scheme: dark)"


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at a mail."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail as a page shows it: one look at a time, the others behind tabs that are links."""

    content: EmailContent
    look: Look
    tabs: tuple[Tab, ...]
    #: The id of its place in the page.
    anchor: str
    #: Where the HTML part is by itself; empty for looks that need no frame.
    frame_url: str
    width: int


def preview(
    content: EmailContent, *, page: str, frame: str, anchor: str = "preview", **values: object
) -> Preview:
    """Make the preview of a mail from two endpoints, its page's and its frame's, with their values.

    Where a page shows several, each has an anchor of its own.
    """
    chosen = look()
    tabs = tuple(
        Tab(label, url_for(page, _anchor=anchor, look=each.value, **values), each is chosen)  # type: ignore[arg-type]  # Flask types its values one by one
        for each, label in LABELS.items()
    )
    framed = chosen not in {Look.TEXT, Look.SOURCE}
    frame_url = url_for(frame, look=chosen.value, **values) if framed else ""  # type: ignore[arg-type]  # the same
    return Preview(
        content, chosen, tabs, anchor, frame_url, PHONE_WIDTH if chosen is Look.PHONE else DESK_WIDTH
    )


def look() -> Look:
    """Return the look that the page asks for, one of ours."""
    asked = request.args.get("look", "")
    return Look(asked) if asked in set(Look) else Look.DESK


def page(response: Response) -> Response:
    """Let a page of ours stand in a frame of ours."""
    response.headers["Content-Security-Policy"] = security.policy(framed_by="'self'")
    return response


def mail(html: str) -> Response:
    """Serve the HTML part of a mail in the look that is asked for, under a policy of its own."""
    chosen = look()
    # The other half of the rules, those for light, must not depend on the operator's own screen either.
    rules = "@media all" if chosen is Look.DARK else "@media not all"
    response = Response(html.replace(_DARK_RULES, rules), content_type="text/html; charset=utf-8")
    pictures = "'none'" if chosen is Look.NO_IMAGES else _ANY
    response.headers["Content-Security-Policy"] = _POLICY.format(pictures=pictures)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
