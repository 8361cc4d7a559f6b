"""Finds every word that is marked for translation, in Python and in templates."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from service.languages.catalogs import LOCALES
from service.languages.offered import OFFERED, SOURCE

ROOT = Path(__file__).parents[2]
#: In English: the console, its sample of a newsletter's look, and letters to those who work there.
_FOR_OPERATORS = re.compile(r"/admin/|/specimen\.html$|/operator_|/relay_test/")
LANGUAGES = tuple(language for language in OFFERED if language != SOURCE)

#: As `service.languages.words` calls them; None is the first argument alone.
_IN_PYTHON: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "later": None,
    "gettext": None,
    "n_": (1, 2),
    "p_": ((1, "c"), 2),
}
_IN_TEMPLATES: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_JINJA = {"newstyle_gettext": "true", "silent": "false", "trimmed": "true"}


def templates() -> Iterator[Path]:
    """Yield every template that readers see; the console and what is for developers are in English."""
    for pattern in ("email_templates/**/*.*", "service/web/templates/**/*.*"):
        for path in sorted(ROOT.glob(pattern)):
            if path.suffix != ".css" and not _FOR_OPERATORS.search(path.as_posix()):
                yield path


def modules() -> Iterator[Path]:
    for path in sorted(ROOT.glob("service/**/*.py")):
        if "admin" not in path.parts and "versions" not in path.parts:
            yield path


def gather() -> Catalog:
    """Return every marked message, with the files that say it."""
    found = Catalog()
    for path in modules():
        _gather(found, path, "python", _IN_PYTHON, {})
    for path in templates():
        _gather(found, path, "jinja2.ext:babel_extract", _IN_TEMPLATES, _JINJA)
    return found


def translations(language: str) -> Catalog:
    """Return what is translated into a language; an empty catalogue for one that has no file yet."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as lines:
        return read_po(lines, locale=language)


def messages(catalog: Catalog) -> dict[tuple[str, str], Message]:
    """Return the messages by context and singular, without the header."""
    return {(each.context or "", _singular(each)): each for each in catalog if each.id}


def forms(message: Message) -> tuple[str, ...]:
    """Return what a message was translated as: one sentence, or one for each plural form."""
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(each or "" for each in message.string or ("",))


def _gather(
    found: Catalog,
    path: Path,
    method: str,
    keywords: dict[str, tuple[int | tuple[int, str], ...] | None],
    options: dict[str, str],
) -> None:
    name = path.relative_to(ROOT).as_posix()
    for _, message, _, context in extract_from_file(method, path, keywords=keywords, options=options):
        found.add(message, locations=[(name, 1)], context=context)


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
