"""What is posted and changes nothing: searches for addresses, and audiences that are counted."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.bench.console import forms
from service.bench.console.browser import Browser, Page
from service.bench.console.people import address
from service.bench.console.size import Size

_READERS, _SUPPRESSIONS = "/console/readers/search", "/console/suppressions/look"


@dataclass(frozen=True, slots=True)
class Look:
    """A form that is sent, again and again: of what kind, and which of that kind."""

    kind: str
    name: str
    path: str
    fields: tuple[forms.Field, ...]

    def ask(self, browser: Browser, *, plans: bool = False) -> Page:
        return browser.send(self.path, self.fields, plans=plans)


def searches(size: Size) -> list[Look]:
    """Search for readers by all, by the beginning and by the end of an address."""
    someone = address(size.readers // 2)
    readers = {
        "a whole address": someone,
        "the beginning of many": "ada",
        "the beginning of one": someone.partition("@")[0],
        "a large domain": "@mail1.example",
        "a small domain": "@mail173.example",
        "the end of a domain": "173.example",
        "what nobody has": "nobody.at.all@nowhere.example",
        "a name in the middle": "or.1",
        "a number": str(size.readers // 3),
    }
    listed = {"on the list": address(151), "not on the list": someone}
    return [
        *(Look("search of readers", name, _READERS, (("typed", typed),)) for name, typed in readers.items()),
        *(
            Look("look at the suppression list", name, _SUPPRESSIONS, (("typed", typed),))
            for name, typed in listed.items()
        ),
    ]


def counts(pages: Iterable[tuple[str, Page]]) -> list[Look]:
    """Count the audiences of these pages, as each does whenever something is ticked."""
    found = []
    for path, page in pages:
        fields = [
            each for each in forms.fields_of(page.body, marked="data-audience") if each[0] != "csrf_token"
        ]
        if fields:
            found.append(Look("count of an audience", path, path, (*fields, ("look", "part"))))
    return found
