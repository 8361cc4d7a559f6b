"""Turns a letter into subject, text and HTML by the three templates of its folder."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from service.emails.colours import Accent
from service.emails.dates import direction, language_tag, long_date, short_date
from service.emails.inlining import inline
from service.emails.layout import lay_out
from service.emails.letters import DigestLetter, EmailContent, Letter
from service.emails.sanitising import header_text, running_text, single_line
from service.emails.splice import Slot, defuse, placeholder
from service.emails.wrapping import centre, wrap

#: Beside the `service` package, in a checkout and in site-packages alike.
TEMPLATES = Path(__file__).resolve().parents[2] / "email_templates"

_PLACEHOLDERS = frozenset(placeholder(slot) for slot in Slot)


def render(letter: Letter) -> EmailContent:
    """Render a letter; the same letter always gives the same bytes."""
    context = _context(letter)
    subject = _ENVIRONMENT.get_template(f"{letter.template}/subject.txt").render(context)
    text = _ENVIRONMENT.get_template(f"{letter.template}/body.txt").render(context)
    html = _ENVIRONMENT.get_template(f"{letter.template}/body.html").render(context)
    return EmailContent(
        subject=header_text(subject),
        text=text.strip("\n") + "\n",
        html=inline(html),
    )


def _context(letter: Letter) -> dict[str, Any]:
    head = letter.letterhead
    reads = direction(head.locale)
    start, end = ("right", "left") if reads == "rtl" else ("left", "right")
    return {
        "letter": letter,
        "head": head,
        "lang": language_tag(head.locale),
        "dir": reads,
        "start": start,
        "end": end,
        "accent": Accent.of(head.accent),
        "columns": lay_out(letter.sections) if isinstance(letter, DigestLetter) else (),
        "long_date": partial(_dated, long_date, head.locale),
        "short_date": partial(_dated, short_date, head.locale),
    }


def _dated(form: Any, locale: str, day: date) -> str:
    return str(form(day, locale=locale))


def _web_link(url: str) -> str:
    """Let only web addresses and placeholders into an href."""
    if url in _PLACEHOLDERS or url.startswith(("https://", "http://")):
        return url
    raise ValueError("A link in a mail must begin with https:// or http://.")


def _without_controls(value: object) -> object:
    # Markup and numbers pass untouched; text written by others loses what no mail should carry.
    if type(value) is not str or value in _PLACEHOLDERS:
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
    environment.filters |= {"line": single_line, "wrap": wrap, "centre": centre, "link": _web_link}
    return environment


_ENVIRONMENT = _environment()
