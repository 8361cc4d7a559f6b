"""What a view has at hand: the runtime of this process and the instant of this request."""

from datetime import datetime

from flask import Flask, current_app, g, request

from service.bootstrap import Runtime
from service.clock import utc_now


def bind(app: Flask, runtime: Runtime) -> None:
    """Give every view of this application its runtime."""
    app.extensions["broadsheet"] = runtime


def runtime() -> Runtime:
    """Return the runtime of the application that serves this request."""
    bound: Runtime = current_app.extensions["broadsheet"]
    return bound


def now() -> datetime:
    """Return one instant per request, so that all rows of a request agree."""
    if "now" not in g:
        g.now = utc_now()
    instant: datetime = g.now
    return instant


def visitor_ip() -> str:
    """Return the visitor's address as the trusted proxies report it."""
    return request.remote_addr or "0.0.0.0"  # noqa: S104  (a stand-in for "unknown", not a bind address)
