"""Where the publisher's site reports page views and shares: no cookie, no name, one answer for all."""

from flask import Blueprint, Response, request

from service.db import transaction
from service.popularity import site_events
from service.popularity.models import Signal
from service.subscribers.addresses import network_of
from service.web.context import now, runtime, visitor_ip
from service.web.security import csrf

blueprint = Blueprint("beacon", __name__)
# Sent by another site's pages; it changes a count and nothing else.
csrf.exempt(blueprint)

SIGNALS = {"view": Signal.PAGE_VIEW, "share": Signal.SHARE}
#: An address and nothing else.
LONGEST = 2_000


@blueprint.post("/s/<any(view, share):what>", provide_automatic_options=False)
def report(what: str) -> Response:
    """Count a look at the article whose address is the text of the request."""
    url = request.get_data(cache=False)[: LONGEST + 1].decode("utf-8", "replace")
    if len(url) <= LONGEST:
        with transaction(runtime().sessions) as session:
            site_events.record(
                session,
                url=url.strip(),
                signal=SIGNALS[what],
                ip=visitor_ip(),
                network=network_of(visitor_ip()),
                user_agent=request.user_agent.string,
                now=now(),
                prefetch="prefetch" in request.headers.get("Sec-Purpose", "").lower(),
            )
    return _answer()


@blueprint.route("/s/<any(view, share):what>", methods=["OPTIONS"])
def allow(what: str) -> Response:
    """Let pages of any site ask: there is nothing to be read here."""
    return _answer()


def _answer() -> Response:
    response = Response(status=204)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Max-Age"] = "86400"
    response.headers["Cache-Control"] = "no-store"
    return response
