"""Reads the HTML of a mail for the tests: elements with their attributes, and the text they show."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "meta", "link", "input"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    text: str = ""

    @property
    def style(self) -> dict[str, str]:
        rules = (rule.partition(":") for rule in self.attributes.get("style", "").split(";") if ":" in rule)
        return {name.strip(): value.strip() for name, _, value in rules}


@dataclass
class Mail(HTMLParser):
    """Every element in order; `unbalanced` names tags that were closed out of order or never."""

    html: str
    elements: list[Element] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.html)
        self.unbalanced += [element.tag for element in self._open]

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def links(self) -> set[str]:
        return {element.attributes["href"] for element in self.all("a")}

    @property
    def pages(self) -> set[str]:
        """Where the links lead, whichever part of a page they open, and whichever article they name there."""
        return {link.partition("#")[0].partition("?about=")[0] for link in self.links}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {k: v or "" for k, v in attrs}, tuple(e.tag for e in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            self.unbalanced.append(tag)
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def links_of_text(text: str) -> set[str]:
    """Collect the addresses of a text part."""
    return {link.rstrip(".,)") for link in re.findall(r"(?:https?://|mailto:)[^\s<>]+", text)}
