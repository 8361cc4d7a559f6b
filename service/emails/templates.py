"""Jinja over email_templates/, and what every template is given."""

import unicodedata
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from service.emails.colours import Accent
from service.emails.looks import FACES, Look
from service.emails.sanitising import running_text, single_line
from service.emails.splice import PLACEHOLDERS, defuse
from service.emails.wrapping import centre, wrap
from service.languages import dates, words
from service.languages.offered import direction, find_locale, language_tag

#: Beside the `service` package, in a checkout and in site-packages alike.
TEMPLATES = Path(__file__).resolve().parents[2] / "email_templates"

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def render(name: str, context: dict[str, Any]) -> str:
    return _ENVIRONMENT.get_template(name).render(context)


def context_of(look: Look) -> dict[str, Any]:
    """Return what depends on language, colour and typeface."""
    lang = language_tag(look.locale)
    reads = direction(lang)
    start, end = ("right", "left") if reads == "rtl" else ("left", "right")
    return {
        "lang": lang,
        "dir": reads,
        "start": start,
        "end": end,
        "accent": Accent.of(look.accent),
        "faces": FACES[look.typeface],
        "long_date": dates.long_date,
        "short_date": dates.short_date,
        "isolate": partial(_isolate, reads),
        "foreign": partial(_foreign, lang),
    }


@lru_cache(maxsize=64)
def style_sheet(look: Look) -> str:
    """Return the rules that are moved into style attributes."""
    return render("_base/style.css", context_of(look))


def web_link(url: str) -> str:
    """Let only web addresses and placeholders into an href.

    :raises ValueError: it is neither.
    """
    if url in PLACEHOLDERS or url.startswith(("https://", "http://")):
        return url
    raise ValueError("A link in a mail must begin with https:// or http://.")


def _foreign(lang: str, language: str) -> str:
    """Return which language text is in, if that is another one than the mail's (WCAG 3.1.2)."""
    other = find_locale(language).language
    return other if language and other != find_locale(lang).language else ""


def _isolate(reads: str, text: str) -> bool:
    """Say whether text needs a direction of its own to stay whole: it may not read the way the mail does."""
    return reads == "rtl" or any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text)


def _without_controls(value: object) -> object:
    # Markup and numbers pass untouched; text written by others loses what no mail should carry.
    if type(value) is not str or value in PLACEHOLDERS:
        return value
    return defuse(running_text(value))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",), default_for_string=False),
        undefined=StrictUndefined,
        finalize=_without_controls,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words.install(environment)
    environment.filters |= {"line": single_line, "wrap": wrap, "centre": centre, "link": web_link}
    return environment


_ENVIRONMENT = _environment()
