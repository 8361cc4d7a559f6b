"""Finds text in templates that stands outside of marks, and so stays English in every language."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment, nodes

#: Attributes that are read to people.
_SPOKEN_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "aria-description", "content", "label"}
#: A letter, after entities are gone.
_LETTER = re.compile(r"[^\W\d_]")
_ENTITY = re.compile(r"&#?\w+;")
#: Stands where a template prints a value.
_VALUE = "\0"
#: Nothing to translate: an address as an example, names, and what machines read.
_AS_IS = re.compile(
    r"name@example\.org|Broadsheet|Atom|JSON Feed"
    r"|text/html.*|width=device-width.*|light dark|telephone=no.*|96|noindex"
    r"|article|website|summary(_large_image)?|wide|column( settings)?|muted sans ?"
    r"|(\s*aria-[a-z]+=\"[^\"]*\")+"
)
_SAYING = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
#: A literal that is words rather than a name: begins with a capital, or has a space between letters.
_WORDS = re.compile(r"[A-Z][a-z]|[a-z] [a-z]|[a-z],? [A-Za-z]")

_ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"])


def unmarked(source: str, *, html: bool) -> list[str]:
    """Return every text node, spoken attribute and literal of a template that no mark encloses."""
    tree = _ENVIRONMENT.parse(source)
    text = "".join(_printed(tree))
    found = _Reader.texts(text) if html else text.replace(_VALUE, "\n").splitlines()
    return [each.strip() for each in found if _is_language(each)] + list(_literals(tree))


def _printed(node: nodes.Node) -> Iterator[str]:
    """Yield what a template prints by itself, with a stand-in for each value."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                yield child.data
            else:
                yield _VALUE
    else:
        for child in node.iter_child_nodes():
            yield from _printed(child)


def _literals(node: nodes.Node) -> Iterator[str]:
    """Yield literals in expressions that look like words, but those that are said."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in _SAYING:
        for each in node.kwargs:
            yield from _literals(each)
        return
    if isinstance(node, nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and _is_words(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _literals(child)


def _is_words(literal: str) -> bool:
    return (
        bool(_WORDS.search(literal))
        and "<" not in literal
        and '="' not in literal
        and not _AS_IS.fullmatch(literal)
    )


def _is_language(text: str) -> bool:
    plain = _ENTITY.sub(" ", text).replace(_VALUE, " ").strip()
    return bool(_LETTER.search(plain)) and not _AS_IS.fullmatch(plain)


class _Reader(HTMLParser):
    """Collects what people read or hear."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    @classmethod
    def texts(cls, html: str) -> list[str]:
        reader = cls()
        # A value may name the element.
        reader.feed(html.replace(f"<{_VALUE}", "<p").replace(f"</{_VALUE}", "</p"))
        reader.close()
        return reader.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"style", "script"}
        self.found += [value for name, value in attrs if name in _SPOKEN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)
