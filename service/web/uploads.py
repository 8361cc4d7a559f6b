"""The few routes that take a file may be sent more than the rest; everything else stays small."""

from flask import Flask, request

#: By endpoint, in bytes: more than the domain accepts, so that a large file gets its own sentence.
ALLOWED = {"console_branding.set_logo": 1024 * 1024}


def init_app(app: Flask) -> None:
    app.before_request(_allow)


def _allow() -> None:
    if request.endpoint in ALLOWED:
        request.max_content_length = ALLOWED[request.endpoint]
