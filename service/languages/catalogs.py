"""Reads the catalogues: one .po file a language, compiled in memory so that none can be out of date."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from service.languages.offered import SOURCE

LOCALES = Path(__file__).with_name("locales")


@cache
def catalog(language: str) -> NullTranslations:
    """Return the words of an offered language; about 30 ms the first time in a process."""
    path = LOCALES / f"{language}.po"
    if language == SOURCE or not path.exists():
        return NullTranslations()
    with path.open("rb") as lines:
        messages = read_po(lines, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)
