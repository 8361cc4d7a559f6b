"""What a self-test says: a line per step as it happens, or one JSON object at the end."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Protocol, TextIO

_WIDTH = 62


@dataclass(frozen=True, slots=True)
class Done:
    """One step that is over; `problem` is empty if all was well."""

    number: int
    title: str
    seconds: float
    note: str = ""
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


@dataclass(slots=True)
class Outcome:
    """A whole self-test."""

    steps: list[Done] = field(default_factory=list)
    seconds: float = 0.0
    #: Ended by a person and not by a fault.
    interrupted: bool = False
    #: The last lines of the processes that the failed step is about, by name.
    logs: dict[str, list[str]] = field(default_factory=dict)
    #: Where everything is kept, if it is.
    folder: str | None = None

    @property
    def failed(self) -> Done | None:
        return next((step for step in self.steps if not step.ok), None)

    @property
    def ok(self) -> bool:
        return bool(self.steps) and self.failed is None

    @property
    def verdict(self) -> str:
        if self.interrupted:
            return "Interrupted before the end; nothing was found wrong so far."
        return "This installation is sound." if self.ok else "This installation is not sound."

    def as_json(self) -> str:
        """Write it as one object on one line."""
        failed = self.failed
        return json.dumps(
            {
                "ok": self.ok,
                "version": version("broadsheet"),
                "interrupted": self.interrupted,
                "seconds": round(self.seconds, 1),
                "steps": [
                    asdict(step) | {"ok": step.ok, "seconds": round(step.seconds, 2)} for step in self.steps
                ],
                "failed": None if failed is None else {"number": failed.number, "problem": failed.problem},
                "logs": self.logs,
                "folder": self.folder,
            },
            ensure_ascii=False,
        )


class Reporter(Protocol):
    """Is told what happens."""

    def begin(self, number: int, title: str) -> None: ...

    def end(self, step: Done) -> None: ...

    def close(self, outcome: Outcome) -> None: ...


class Lines:
    """One line per step; in a terminal the line is there while the step runs, with a mark when it is over."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._terminal = self._out.isatty()
        self._say("\n  Broadsheet self-test: a whole installation in a temporary folder\n")

    def begin(self, number: int, title: str) -> None:
        if self._terminal:
            self._out.write(f"\r  {number:>2}  {title:<{_WIDTH}} …")
            self._out.flush()

    def end(self, step: Done) -> None:
        line = f"  {step.number:>2}  {step.title:<{_WIDTH}} {step.seconds:5.1f} s  {self._mark(ok=step.ok)}"
        line += f"  {step.note}" if step.note else ""
        self._say(f"\r\x1b[2K{line}" if self._terminal else line)

    def close(self, outcome: Outcome) -> None:
        failed = outcome.failed
        if failed is not None and not outcome.interrupted:
            self._say(f"\n  Step {failed.number} failed: {failed.problem}")
            for name, lines in outcome.logs.items():
                self._say(f"\n  The last lines of {name}:")
                self._say("\n".join(f"    {line}" for line in lines))
        if outcome.folder:
            self._say(f"\n  Everything is kept in {outcome.folder}")
        self._say(f"\n  {outcome.verdict} {outcome.seconds:.1f} s\n")

    def _mark(self, *, ok: bool) -> str:
        word, colour = ("✓", 32) if ok else ("✗", 31)
        if self._terminal:
            return f"\x1b[{colour}m{word}\x1b[0m"
        return "ok" if ok else "FAILED"

    def _say(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


class JsonObject:
    """Nothing but one object at the end."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def begin(self, number: int, title: str) -> None:
        """Say nothing yet."""

    def end(self, step: Done) -> None:
        """Say nothing yet."""

    def close(self, outcome: Outcome) -> None:
        self._out.write(outcome.as_json() + "\n")


def last_lines(text: str, *, count: int = 15) -> list[str]:
    """Return the end of a log, long lines cut."""
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    return [line if len(line) <= 240 else line[:239] + "…" for line in lines[-count:]]
