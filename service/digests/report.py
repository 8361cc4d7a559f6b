"""What planning did."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What one call did: rows to be sent, rows that say why not, and readers whose pause goes on."""

    planned: int = 0
    skipped: int = 0
    paused: int = 0
    #: Readers for whom too little waits yet, and who get no row for it.
    waiting: int = 0
    #: Of the skipped, those whose slot had passed for too long.
    dropped: int = 0

    #: Seconds that each stage took: lock, prepare, received, choose, recipes, rows.
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)

    def __add__(self, other: "PlanReport") -> "PlanReport":
        return PlanReport(
            self.planned + other.planned,
            self.skipped + other.skipped,
            self.paused + other.paused,
            self.waiting + other.waiting,
            self.dropped + other.dropped,
            _added(self.seconds, other.seconds),
        )


def _added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {**one, **other}}
