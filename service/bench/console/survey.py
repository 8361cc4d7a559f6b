"""Walks through the console by its links, and chooses for every kind of page the slowest that it met."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.bench.console.browser import Browser, Page
from service.bench.console.routes import LIVE, ROOT, Routes, Shape, deep, kind_of
from service.db import Model

#: Of one page no more addresses than so many times those of one kind are looked at.
_KINDS = 6
#: Of one shape so many are measured again and again: the slowest.
MEASURED = 3
_OK = 200


@dataclass
class Survey:
    """What was met."""

    #: Addresses by shape, with the page they were answered with.
    pages: dict[Shape, list[tuple[str, Page]]] = field(default_factory=lambda: defaultdict(list))
    #: Addresses that a page links to, or that we made up, and that answered with an error of ours.
    failed: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    #: Addresses of live pages, which never end.
    live: list[str] = field(default_factory=list)
    #: Rules of pages that were seen without a login.
    doors: set[str] = field(default_factory=set)


def walk(
    browser: Browser,
    stranger: Browser,
    routes: Routes,
    session: Session,
    *,
    also: Iterable[str],
    per_kind: int,
    say: Callable[[str], None],
) -> Survey:
    """Follow links from the front page; then try what no link leads to, with numbers of real rows.

    `stranger` is a browser without a login: it looks at the doors. `also` are addresses to begin with;
    `per_kind` is how many are looked at of those that differ in numbers only.
    """
    survey = Survey()
    walker = _Walker(browser, routes, survey, per_kind, say)
    walker.follow([ROOT, *also])
    for address in _doors(routes, survey):
        if walker.take(address, stranger.get(address, plans=True)):
            survey.doors.add(address)
    for rule in routes.missing(survey.pages):
        for address in _made_up(session, rule):
            if walker.take(address, browser.get(address, plans=True)):
                break
    walker.follow([])
    survey.missing = routes.missing(survey.pages)
    return survey


class _Walker:
    def __init__(
        self,
        browser: Browser,
        routes: Routes,
        survey: Survey,
        per_kind: int,
        say: Callable[[str], None],
    ) -> None:
        self._browser, self._routes, self._survey, self._say = browser, routes, survey, say
        self._per_kind = per_kind
        self._waiting: deque[str] = deque()
        self._seen: set[str] = set()
        self._kinds: Counter[object] = Counter()
        self._rules: Counter[str] = Counter()

    def follow(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            self._note(address)
        while self._waiting:
            address = self._waiting.popleft()
            self._say(f"Looking at page {len(self._seen)}")
            self.take(address, self._browser.get(address, plans=True))

    def take(self, address: str, page: Page) -> bool:
        """Note an answer and where it leads; say whether it was a page."""
        shape = self._routes.shape_of(address)
        if page.status >= 500:
            self._survey.failed[address] = page.status
        if shape is None or page.status != _OK:
            return False
        self._survey.pages[shape].append((address, page))
        for link in page.links:
            if link.startswith(LIVE) and link not in self._survey.live:
                self._survey.live.append(link)
            self._note(link)
            far = deep(link)
            if far is not None:
                self._note(far)
        return True

    def _note(self, address: str) -> None:
        shape = self._routes.shape_of(address)
        if shape is None or address in self._seen:
            return
        kind = (shape, kind_of(address))
        if shape.is_file and self._rules[shape.rule]:
            return
        if self._kinds[kind] >= self._per_kind or self._rules[shape.rule] >= self._per_kind * _KINDS:
            return
        self._seen.add(address)
        self._kinds[kind] += 1
        self._rules[shape.rule] += 1
        self._waiting.append(address)


def _doors(routes: Routes, survey: Survey) -> list[str]:
    """Pages without numbers that nobody who is logged in is shown."""
    return [rule for rule in routes.missing(survey.pages) if "<" not in rule]


def _made_up(session: Session, rule: str) -> Iterator[str]:
    """Put the numbers of real rows into a rule: an argument `blast_id` is the id of a row of `blasts`."""
    parts = [each.partition("<")[::2] for each in rule.split(">")]
    names = [inside.partition(":")[2] or inside for _, inside in parts if inside]
    numbers = [_ids(session, name.removesuffix("_id")) for name in names]
    for chosen in product(*numbers):
        filled = iter(chosen)
        yield "".join(before + (str(next(filled)) if inside else "") for before, inside in parts)


def _ids(session: Session, stem: str) -> list[int]:
    table = Model.metadata.tables.get({"gone": "subscribers", "kept": "kept_forms"}.get(stem, f"{stem}s"))
    if table is None or "id" not in table.c:
        return []
    # The latest and the first ones: what was just made can often be changed, what is old is full.
    order = table.c.id
    latest = session.scalars(select(order).order_by(order.desc()).limit(6)).all()
    first = session.scalars(select(order).order_by(order).limit(3)).all()
    return list(dict.fromkeys([*latest, *first]))
