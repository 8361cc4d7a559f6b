"""Renders a live part once for all who watch it: fifty open pages cost as much as one.

What differs between two viewers of one role is the token in their forms alone; it is written in afterwards.
"""

import threading
import time

from flask import g, render_template
from flask_wtf.csrf import generate_csrf

from service.clock import utc_now
from service.web.admin import auth

#: Stands for the token; never in a page that anybody sees.
_BLANK = "csrf-token-of-whoever-looks"
#: Renderings that are kept: parts of pages times roles, the oldest leave.
_MOST = 200


class Press:
    """The latest rendering of each part and role. Safe across threads."""

    def __init__(self, *, breath: float) -> None:
        self._breath = breath
        self._lock = threading.Lock()
        #: By template, role and identity of the answer, which is kept so that no other gets its identity: the
        #: answer, the breath in which it was rendered, and the page.
        self._kept: dict[tuple[str, str, int], tuple[object, int, str]] = {}

    def print(self, template: str, answer: object) -> str:
        """Return the part for whoever asks; "3 minutes ago" is right to a breath."""
        token = generate_csrf()
        role = auth.current_operator().role.value
        key = (template, role, id(answer))
        with self._lock:
            breath = int(time.monotonic() / self._breath)
            kept = self._kept.pop(key, None)
            if kept is None or kept[1] != breath:
                kept = (answer, breath, _render(template, answer))
            self._kept[key] = kept
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
        return kept[2].replace(_BLANK, token)


def _render(template: str, answer: object) -> str:
    before = g.csrf_token
    # Flask-WTF gives out what it finds here.
    g.now, g.csrf_token = utc_now(), _BLANK
    try:
        return render_template(template, view=answer)
    finally:
        g.csrf_token = before
