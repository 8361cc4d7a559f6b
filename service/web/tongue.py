"""In which language a request is answered.

A page of a newsletter speaks the newsletter's language, a page of a reader the reader's: both say so with
`speech.begin` as soon as they know. Until then, and on pages of no newsletter, the browser is asked. The
console is in English.
"""

from typing import Any

from flask import Flask, request

from service.languages import speech, words
from service.languages.offered import OFFERED, SOURCE, direction


def init_app(app: Flask) -> None:
    words.install(app.jinja_env)
    app.before_request(_begin)
    app.context_processor(_spoken)


def _begin() -> None:
    # Threads serve many requests: without this the next one would speak the language of the last.
    asked = request.accept_languages.best_match(OFFERED, default=SOURCE)
    speech.begin(SOURCE if request.path.startswith("/console") else asked or SOURCE)


def _spoken() -> dict[str, Any]:
    language = speech.spoken()
    return {"spoken": language, "reads": direction(language)}
