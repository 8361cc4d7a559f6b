"""What the console's benchmark found out, for people and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from service.bench.console.live import LiveReport
from service.bench.console.size import Size

#: What must be reached: milliseconds of the server, rows of the ledger that a request reads, percent of a
#: core, and megabytes by which the web server may grow while the same pages are asked for again.
P95_MS, LEDGER_ROWS, LIVE_PERCENT, GROWTH_MB = 300.0, 25_000, 10.0, 8.0
_SHOWN = 30
#: Downloads last as long as what is in them.
_FILES = (".csv",)


@dataclass(frozen=True, slots=True)
class PageTiming:
    """One kind of page, over all its addresses; milliseconds are the server's own."""

    name: str
    asked: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    statements: int
    #: Rows read in one request: of messages and their tries, and of all tables.
    ledger_rows: int
    rows: int
    #: Its slowest address, and the question that read most of the ledger.
    slowest: str
    heaviest: str

    @classmethod
    def of(
        cls,
        name: str,
        taken: Mapping[str, Sequence[float]],
        *,
        statements: int,
        ledger_rows: int,
        rows: int,
        heaviest: str,
    ) -> "PageTiming":
        """Sum up measurements by address."""
        every = sorted(each for times in taken.values() for each in times)
        return cls(
            name=name,
            asked=len(every),
            p50_ms=median(every),
            # Of the slowest address: two quick ones must not hide it.
            p95_ms=max(_p95(times) for times in taken.values()),
            max_ms=every[-1],
            statements=statements,
            ledger_rows=ledger_rows,
            rows=rows,
            slowest=max(taken, key=lambda address: _p95(taken[address])),
            heaviest=heaviest,
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """The web server's resident megabytes: before the first page, after each was seen, and at the end."""

    before: float
    warm: float
    half: float
    after: float

    @property
    def growth(self) -> float:
        """From the middle of the rounds to their end, when nothing new is asked for."""
        return self.after - self.half


@dataclass(frozen=True, slots=True)
class ConsoleReport:
    """One measurement."""

    size: Size
    write_seconds: float | None
    ledger_gb: float
    rounds: int
    load: float
    pages: list[PageTiming]
    memory: Memory
    #: Addresses that were answered with an error of ours.
    failed: dict[str, int]
    #: Routes that no address was found for.
    not_reached: list[str]
    excused: dict[str, str]
    live: LiveReport | None

    @property
    def missed(self) -> list[str]:
        """What is not as it must be, in sentences."""
        found = [f"{address} answered {status}." for address, status in self.failed.items()]
        found += [f"No address of {rule} was found." for rule in self.not_reached]
        for page in self.pages:
            if page.name.partition(" ")[0].endswith(_FILES):
                continue
            if page.ledger_rows > LEDGER_ROWS:
                found.append(f"{page.name} reads {page.ledger_rows:,} rows of the ledger.")
            if page.p95_ms >= P95_MS:
                found.append(f"{page.name} takes {page.p95_ms:.0f} ms (p95): {page.slowest}")
        if self.memory.growth > GROWTH_MB:
            found.append(f"The web server grew by {self.memory.growth:.0f} MB in the second half.")
        if self.live is not None and self.live.web_percent >= LIVE_PERCENT:
            found.append(f"{self.live.pages} live pages take {self.live.web_percent:.1f} % of a core.")
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            **_rounded(asdict(self)),
            "memory_growth": round(self.memory.growth, 1),
            "missed": self.missed,
        }

    def lines(self) -> list[str]:
        """Return what a person reads: the slowest pages, and everything that is not as it must be."""
        size, memory = self.size, self.memory
        written = (
            f"written in {self.write_seconds:,.0f} s"
            if self.write_seconds is not None
            else "kept from before"
        )
        slowest = sorted(self.pages, key=lambda each: each.p95_ms, reverse=True)
        lines = [
            f"{size.readers:,} readers, {size.articles:,} articles, {size.ledger:,} messages",
            f"{self.ledger_gb:.1f} GB of messages with their indexes, {written}",
            f"{len(self.pages)} kinds of pages, {self.rounds} rounds; load of the machine {self.load:.1f}",
            "",
            f"  {'milliseconds':<64}{'p50':>8}{'p95':>8}{'max':>8}{'SQL':>5}{'ledger rows':>13}",
            *(_line(each) for each in slowest[:_SHOWN]),
            *([f"  … and {len(slowest) - _SHOWN} quicker ones"] if len(slowest) > _SHOWN else []),
            "",
            f"  megabytes of the web server: {memory.before:.0f} at first, {memory.warm:.0f} warm,",
            f"  {memory.half:.0f} half-way, {memory.after:.0f} at the end",
        ]
        if self.live is not None:
            live = self.live
            lines.append(
                f"  {live.pages} live pages while {live.sent / live.seconds:.0f} mails/s are recorded: "
                f"{live.web_percent:.1f} % of a core, database {live.postgres_percent:.1f} % "
                f"({live.events / live.seconds:.0f} events/s)"
            )
        lines += ["", "  not measured:", *(f"    {name}: {why}" for name, why in self.excused.items())]
        return [*lines, "", *(self.missed or ["Everything is as it must be."])]


def _line(page: PageTiming) -> str:
    return (
        f"  {page.name[:63]:<64}{page.p50_ms:8.1f}{page.p95_ms:8.1f}{page.max_ms:8.1f}{page.statements:5}"
        f"{page.ledger_rows:13,}"
    )


def _p95(times: Sequence[float]) -> float:
    each = sorted(times)
    return each[min(len(each) - 1, int(len(each) * 0.95))]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
