"""Pages that are the same for everybody: kept by browsers and proxies for a while, then asked for again."""

import hashlib
from datetime import datetime

from flask import Response, g, request

#: A withdrawn article is gone from everywhere so many seconds later.
FRESH_SECONDS = 300


def public(response: Response, *, changed_at: datetime | None = None) -> Response:
    """Let a page be cached; answer 304 to who has it already.

    The tag is of what is said, without the nonces that change with every answer.
    """
    nonce = str(g.get("csp_nonce", "")).encode()
    body = response.get_data()
    said = body.replace(nonce, b"") if nonce else body
    response.set_etag(hashlib.sha256(said).hexdigest()[:20], weak=True)
    if changed_at is not None:
        response.last_modified = changed_at
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    response.make_conditional(request)
    return response
