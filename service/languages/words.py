"""Words for readers: what is inside `_()` is found by the extraction and must stand in every catalogue.

The English sentence is its own key. Values are named: `_("%(count)s articles", count=12)`. A literal per cent
sign is written `%%`, in templates as here.
"""

from typing import Any

from jinja2 import Environment

from service.languages.catalogs import catalog
from service.languages.speech import spoken


def _(message: str, /, **values: Any) -> str:
    """Say a sentence in the language that is spoken now."""
    return gettext(message) % values


def n_(singular: str, plural: str, n: int, /, **values: Any) -> str:
    """Say a sentence that counts; `%(n)s` is the number, and each language has its own plural forms."""
    return ngettext(singular, plural, n) % {"n": n, **values}


def p_(context: str, message: str, /, **values: Any) -> str:
    """Say a word that means different things in different places."""
    return pgettext(context, message) % values


def later(message: str) -> str:
    """Mark a sentence in a constant; say it with `_()` when it is used."""
    return message


def install(environment: Environment) -> None:
    """Give a Jinja environment `_()`, `ngettext()`, `pgettext()` and `{% trans %}`; values are escaped."""
    environment.add_extension("jinja2.ext.i18n")
    # Lines are broken in templates to be read there: the extraction joins them too.
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )


def gettext(message: str) -> str:
    return str(catalog(spoken()).gettext(message))


def ngettext(singular: str, plural: str, n: int) -> str:
    return str(catalog(spoken()).ngettext(singular, plural, n))


def pgettext(context: str, message: str) -> str:
    return str(catalog(spoken()).pgettext(context, message))


def npgettext(context: str, singular: str, plural: str, n: int) -> str:
    return str(catalog(spoken()).npgettext(context, singular, plural, n))
