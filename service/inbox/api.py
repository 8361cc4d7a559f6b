"""The inbox as JSON: what tests, the self-test and the page's own refresh ask for."""

import json
from dataclasses import asdict

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from service.inbox.reading import Opened
from service.inbox.store import Entry, Store

MOST = 1000


def list_response(store: Store, request: Request) -> Response:
    """Answer `?to=&q=&since=&limit=`: newest first; `latest` is the `since` of the next question."""
    try:
        limit = min(max(int(request.args.get("limit", "100")), 1), MOST)
    except ValueError:
        raise BadRequest("limit is a whole number.") from None
    latest = store.latest_id()
    entries = store.list_entries(
        words=request.args.get("q", ""),
        to=request.args.get("to", ""),
        since=request.args.get("since", ""),
        limit=limit,
    )
    return _json(
        {
            "latest": latest,
            "total": store.count(),
            "unseen": store.count_unseen(),
            "messages": [_summary(entry) for entry in entries],
        }
    )


def message_response(entry: Entry, opened: Opened) -> Response:
    """Answer with one message: headers in order (a name may occur twice), both parts, every link."""
    return _json(
        _summary(entry)
        | {
            "headers": [list(header) for header in opened.headers],
            "text": opened.text,
            "html": opened.html,
            "links": list(opened.links),
        }
    )


def _summary(entry: Entry) -> dict[str, object]:
    return asdict(entry)


def _json(value: dict[str, object]) -> Response:
    return Response(json.dumps(value), mimetype="application/json")
