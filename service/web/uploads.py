"""The few routes that take a file or long texts may be sent more; everything else stays small."""

from flask import Flask, request

#: A text of 50,000 characters of three bytes, its blocks, or 20,000 addresses, as browsers encode them: each
#: byte takes three.
LONG_TEXTS = 3 * 1024 * 1024
#: By endpoint, in bytes: more than the domain accepts, so that what is too long gets its own sentence.
ALLOWED = {
    "console_branding.set_logo": 1024 * 1024,
    "console_blast_audience.create": LONG_TEXTS,
    "console_blast_audience.change": LONG_TEXTS,
    "console_blast_checks.typed": LONG_TEXTS,
    "console_blast_drafts.change": LONG_TEXTS,
    "console_segments.create": LONG_TEXTS,
    "console_segments.change": LONG_TEXTS,
}


def init_app(app: Flask) -> None:
    app.before_request(_allow)


def _allow() -> None:
    if request.endpoint in ALLOWED:
        request.max_content_length = request.max_form_memory_size = ALLOWED[request.endpoint]
