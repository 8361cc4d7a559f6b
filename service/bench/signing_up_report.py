"""What `broadsheet bench signup` found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from service.bench.browser import Usable
from service.bench.http import Answer

TAKEN = 303


@dataclass(frozen=True, slots=True)
class Weight:
    """The sign-up page: gzipped bytes of each part, and how many other hosts it asks."""

    parts: dict[str, int]
    other_hosts: int

    @property
    def total(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class SignUpReport:
    """One measurement; latencies are milliseconds from connecting to the last byte, of every press."""

    rate: int
    presses: int
    taken: int
    #: Presses by status, other than those that were taken; 0 is a connection that broke.
    errors: dict[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    slowest_ms: float
    page_bytes: int
    page_parts: dict[str, int]
    other_hosts: int
    #: From the navigation to a form that can be typed into; None where no browser was found.
    usable: Usable | None
    #: The machine's load average at the end.
    load: float

    @classmethod
    def of(
        cls, answers: Sequence[Answer], *, rate: int, weight: Weight, usable: Usable | None, load: float
    ) -> "SignUpReport":
        times = sorted(answer.seconds * 1000 for answer in answers)
        statuses = Counter(answer.status for answer in answers)
        taken = statuses.pop(TAKEN, 0)
        return cls(
            rate=rate,
            presses=len(answers),
            taken=taken,
            errors={str(status): n for status, n in sorted(statuses.items())},
            p50_ms=_at(times, 0.50),
            p95_ms=_at(times, 0.95),
            p99_ms=_at(times, 0.99),
            slowest_ms=times[-1],
            page_bytes=weight.total,
            page_parts=weight.parts,
            other_hosts=weight.other_hosts,
            usable=usable,
            load=load,
        )

    def as_json(self) -> dict[str, Any]:
        return {key: round(v, 1) if isinstance(v, float) else v for key, v in asdict(self).items()}

    def lines(self) -> list[str]:
        named = {"p50": self.p50_ms, "p95": self.p95_ms, "p99": self.p99_ms, "slowest": self.slowest_ms}
        latencies = "   ".join(f"{name} {value:.1f} ms" for name, value in named.items())
        wrong = ", ".join(f"{n} × {status}" for status, n in self.errors.items()) or "none"
        return [
            f"{self.taken:,} of {self.presses:,} sign-ups were taken at {self.rate} a second",
            "",
            f"  POST       {latencies}",
            f"  Errors     {wrong}",
            f"  Page       {self.page_bytes / 1024:.1f} KB compressed, {self.other_hosts} other hosts",
            *(f"             {size / 1024:6.1f} KB  {name}" for name, size in self.page_parts.items()),
            f"  Usable     {_said(self.usable)}",
            f"  Load       {self.load:.1f}",
        ]


def _said(usable: Usable | None) -> str:
    if usable is None:
        return "not measured: no Chromium was found"
    return (
        f"{usable.median_ms:.0f} ms after the navigation in a browser (median of {usable.loads} loads; "
        f"slowest {usable.slowest_ms:.0f} ms)"
    )


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]
