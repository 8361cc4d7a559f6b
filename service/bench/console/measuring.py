"""Asks every page of the console again and again, and reads what the web server wrote down about it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from service.bench.console import looks, sending, survey
from service.bench.console.browser import Browser, Page
from service.bench.console.notes import Notes
from service.bench.console.report import Memory, PageTiming
from service.bench.console.routes import Routes
from service.bench.console.size import Size
from service.bench.console.survey import Survey
from service.bench.console.watching import Said
from service.bench.runner import Progress
from service.db import Sessions

#: A proof of who is there holds for five minutes; some pages want one.
_LOGIN_SECONDS = 200.0


@dataclass(frozen=True, slots=True)
class Measured:
    """The pages, the memory of the web server meanwhile, and the cookie of the login."""

    pages: list[PageTiming]
    memory: Memory
    survey: Survey
    cookie: str


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked in every round: of which kind, and how."""

    kind: str
    address: str
    ask: Callable[[], Page]
    #: Downloads are asked for once: those of an installation of years last for a minute.
    is_file: bool = False


@dataclass(slots=True)
class _Kind:
    """What was measured of one kind of page."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statements: int = 0
    heaviest: Said | None = None
    rows: int = 0

    def add_plans(self, said: Said) -> None:
        self.rows = max(self.rows, sum(said.rows.values()))
        if self.heaviest is None or said.ledger_rows > self.heaviest.ledger_rows:
            self.heaviest = said

    def timing(self, name: str) -> PageTiming:
        return PageTiming.of(
            name,
            self.taken,
            statements=self.statements,
            ledger_rows=self.heaviest.ledger_rows if self.heaviest else 0,
            rows=self.rows,
            heaviest=self.heaviest.heaviest if self.heaviest else "",
        )


class Measuring:
    """One sitting of an administrator, and of a stranger before the doors."""

    def __init__(
        self,
        port: int,
        notes: Notes,
        *,
        megabytes: Callable[[], float],
        check: Callable[[], None],
        progress: Progress,
    ) -> None:
        numbers = count(1)
        self._browser, self._stranger = (Browser(port, numbers, check=check) for _ in range(2))
        self._notes, self._megabytes, self._progress = notes, megabytes, progress
        self._kinds: dict[str, _Kind] = defaultdict(_Kind)
        self._logged_in_at = float("-inf")

    def run(self, routes: Routes, sessions: Sessions, *, size: Size, rounds: int, per_kind: int) -> Measured:
        """Look at everything once with plans and once without, then measure so many rounds."""
        self._stay_logged_in()
        before = self._megabytes()
        searches = looks.searches(size)
        found = self._walk(routes, sessions, searches, per_kind)
        counting = looks.counts(each for met in found.pages.values() for each in met)
        self._explain(counting)
        asked = [*self._pages(found), *self._forms([*searches, *counting])]
        for question in asked:
            if not question.is_file:
                self._take(question)
        for kind in self._kinds.values():
            kind.taken.clear()
        warm = half = self._megabytes()
        for number in range(1, rounds + 1):
            self._stay_logged_in()
            for question in asked:
                if number == 1 or not question.is_file:
                    self._take(question)
            self._progress.sent(number, rounds)
            half = self._megabytes() if number == (rounds + 1) // 2 else half
        memory = Memory(before, warm, half, self._megabytes())
        timings = [kind.timing(name) for name, kind in sorted(self._kinds.items()) if kind.taken]
        return Measured(timings, memory, found, self._browser.cookie)

    def _walk(
        self, routes: Routes, sessions: Sessions, searches: Sequence[looks.Look], per_kind: int
    ) -> Survey:
        self._progress.say("Walking through the console")
        led_to = self._explain(searches)
        with sessions() as session:
            found = survey.walk(
                self._browser,
                self._stranger,
                routes,
                session,
                also=led_to,
                per_kind=per_kind,
                say=self._progress.say,
            )
        for shape, met in found.pages.items():
            for _, page in met:
                self._kinds[str(shape)].add_plans(self._notes.of(page))
        return found

    def _explain(self, forms: Sequence[looks.Look]) -> list[str]:
        """Send forms once with plans; return where they led to."""
        led_to = []
        for look in forms:
            self._stay_logged_in()
            page = look.ask(self._browser, plans=True)
            self._kinds[look.kind].add_plans(self._notes.of(page))
            led_to += [page.location] if page.location else []
        return led_to

    def _pages(self, found: Survey) -> Iterator[Question]:
        """Ask for everything that was met once more, now that it is warm, and choose the slowest."""
        self._progress.say("Choosing what to measure")
        took: dict[str, float] = {}

        def milliseconds(address: str, browser: Browser) -> float:
            if address not in took:
                self._stay_logged_in()
                took[address] = self._notes.of(browser.get(address)).ms
            return took[address]

        for shape, met in sorted(found.pages.items(), key=lambda each: str(each[0])):
            browser = self._stranger if shape.rule in found.doors else self._browser
            addresses = list(dict.fromkeys(address for address, _ in met))
            if len(addresses) > survey.MEASURED:
                addresses.sort(key=lambda each: -milliseconds(each, browser))
            for address in addresses[: survey.MEASURED]:
                yield Question(str(shape), address, partial(browser.get, address), shape.is_file)

    def _forms(self, forms: Sequence[looks.Look]) -> Iterator[Question]:
        for look in forms:
            yield Question(look.kind, look.name, partial(look.ask, self._browser))

    def _take(self, question: Question) -> None:
        said = self._notes.of(question.ask())
        kind = self._kinds[question.kind]
        kind.taken[question.address].append(said.ms)
        kind.statements = max(kind.statements, said.statements)

    def _stay_logged_in(self) -> None:
        if time.monotonic() - self._logged_in_at > _LOGIN_SECONDS:
            self._browser.log_in(sending.ADMIN, sending.PASSWORD)
            self._logged_in_at = time.monotonic()
