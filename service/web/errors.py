"""Turns our errors into pages with the right status; a stranger never sees a stack trace."""

import logging

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from service.errors import (
    BadToken,
    BroadsheetError,
    Conflict,
    ExpiredToken,
    InvalidInput,
    NotFound,
    TooManyRequests,
)
from service.languages.words import _, later

log = logging.getLogger(__name__)

STATUSES: dict[type[BroadsheetError], int] = {
    ExpiredToken: 410,
    BadToken: 404,
    NotFound: 404,
    Conflict: 409,
    InvalidInput: 422,
    TooManyRequests: 429,
}

SENTENCES = {
    400: later("That request was not complete. Please go back and try again."),
    403: later("You are not allowed to do this."),
    404: later("There is nothing here. The link may be incomplete."),
    405: later("This address does not work that way."),
    413: later("That was too large."),
    500: later("Something went wrong on our side. Nothing you sent was lost; please try again in a minute."),
}
HEADLINES = {
    404: later("Nothing is printed here"),
    410: later("This link has expired"),
    429: later("Please wait a little"),
    500: later("Something went wrong"),
}
OTHERWISE = later("This did not work")


def init_app(app: Flask) -> None:
    """Register the one table of errors and statuses."""
    app.register_error_handler(BroadsheetError, _ours)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _ours(error: BroadsheetError) -> ResponseReturnValue:
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    page = _page(status, str(error))
    if isinstance(error, TooManyRequests):
        return *page, {"Retry-After": str(error.retry_after)}
    return page


def _form_expired(_error: CSRFError) -> ResponseReturnValue:
    return _page(
        400, _("This page was open for too long, or cookies are off. Reload it and send the form again.")
    )


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    response = error.get_response()
    response.data = _page(status, _(SENTENCES.get(status, SENTENCES[500 if status >= 500 else 400])))[0]
    response.content_type = "text/html; charset=utf-8"
    return response


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("A page failed: %s", type(error).__name__)
    return _page(500, _(SENTENCES[500]))


def _page(status: int, sentence: str) -> tuple[str, int]:
    headline = _(HEADLINES.get(status, HEADLINES[500] if status > 500 else OTHERWISE))
    return render_template("error.html", status=status, headline=headline, sentence=sentence), status
