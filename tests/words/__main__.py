"""`make words`: writes what is marked in the code into the catalogues, and keeps what is translated."""

import sys
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from service.languages.catalogs import LOCALES
from tests.words.gathering import LANGUAGES, forms, gather, messages, translations

#: Would be another one with every run.
_UNSTEADY = tuple(
    f'"{name}:'.encode()
    for name in ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team", "Generated-By")
)


def main() -> None:
    """Update every catalogue, and say how much of each waits for a translation."""
    marked = gather()
    LOCALES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        catalog = translations(language)
        catalog.update(marked, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        (LOCALES / f"{language}.po").write_bytes(written(catalog))
        waiting = sum(not all(forms(each)) for each in messages(catalog).values())
        sys.stdout.write(f"{language}: {len(messages(catalog))} messages, {waiting} without a translation\n")


def written(catalog: Catalog) -> bytes:
    """Write a catalogue the same way every time."""
    catalog.header_comment = "# Translations of Broadsheet; `make words` keeps them in step with the code."
    catalog.fuzzy = False
    lines = BytesIO()
    write_po(lines, catalog, width=100, include_lineno=False, sort_by_file=True)
    return b"".join(
        line for line in lines.getvalue().splitlines(keepends=True) if not line.startswith(_UNSTEADY)
    )


if __name__ == "__main__":
    main()
