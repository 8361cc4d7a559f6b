"""What a benchmark is asked to do."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from service.errors import BroadsheetError, InvalidInput

#: A worker sends bulk mail with half of its slots, of which it has at most 64.
MOST_PER_WORKER = 32
_SIZE = re.compile(r"(\d+)\s*(k|kb|kib|m|mb|mib)?", re.IGNORECASE)
_DELAY = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s)?", re.IGNORECASE)


class BenchmarkError(BroadsheetError):
    """The measurement came to nothing; the sentence says why."""


class Mode(StrEnum):
    """A digest has a body of its own for every two readers; a blast has one for all."""

    DIGEST = "digest"
    BLAST = "blast"


@dataclass(frozen=True, slots=True)
class Plan:
    """One measurement."""

    messages: int
    #: Bytes of a whole mail, about.
    size: int
    mode: Mode
    dkim: bool
    workers: int
    #: As asked for; see `connections`.
    wanted_connections: int
    #: Seconds the sink takes for its answer to each final dot.
    sink_delay: float
    #: Where Postfix's `smtp-sink` is, if not on PATH.
    sink_path: Path | None = None

    @property
    def connections_per_worker(self) -> int:
        """The same for each worker: rounded up."""
        return -(-self.wanted_connections // self.workers)

    @property
    def connections(self) -> int:
        return self.connections_per_worker * self.workers

    def check(self) -> None:
        """Refuse what cannot be run.

        :raises InvalidInput: with a sentence that says what can.
        """
        if self.connections_per_worker > MOST_PER_WORKER:
            raise InvalidInput(
                f"A worker keeps at most {MOST_PER_WORKER} connections; ask for more --workers "
                "or fewer --connections."
            )


def parse_size(text: str) -> int:
    """Read 30000, 30k or 1m.

    :raises InvalidInput: it is neither.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(f"{text} is not a size; write 30000, 30k or 1m.")
    factor = {"": 1, "k": 1_000, "m": 1_000_000}[(match[2] or "")[:1].lower()]
    return int(match[1]) * factor


def parse_delay(text: str) -> float:
    """Read 50ms, 0.05s or 0 as seconds.

    :raises InvalidInput: it is none of them.
    """
    match = _DELAY.fullmatch(text.strip())
    if match is None or (match[2] is None and float(match[1]) != 0):
        raise InvalidInput(f"{text} is not a delay; write 50ms or 0.05s.")
    return float(match[1]) / (1000 if (match[2] or "").lower() == "ms" else 1)
