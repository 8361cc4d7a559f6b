"""What planning did."""

from collections import Counter
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
    seconds: Counter[str] = field(default_factory=Counter, compare=False)

    def __add__(self, other: "PlanReport") -> "PlanReport":
        return PlanReport(
            self.planned + other.planned,
            self.skipped + other.skipped,
            self.paused + other.paused,
            self.waiting + other.waiting,
            self.dropped + other.dropped,
            self.seconds + other.seconds,
        )
