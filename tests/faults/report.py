"""What a campaign says: a bar while it runs, a table or one object at the end."""

import dataclasses
import json
import sys

from tests.faults import catalogue
from tests.faults.campaign import Result


class Progress:
    """A bar on standard error; whatever broke is said at once."""

    def __init__(self, count: int) -> None:
        self._count, self._done, self._bad = count, 0, 0

    def __call__(self, result: Result) -> None:
        self._done += 1
        self._bad += not result.sound
        filled = "█" * (30 * self._done // self._count)
        last = f"{result.fault} ({result.seconds:.0f} s)"
        text = f"{filled:░<30} {self._done}/{self._count}, {self._bad} bad · {last}"
        sys.stderr.write(f"\r\033[K{text}" if sys.stderr.isatty() else text + "\n")
        for sentence in complaints(result):
            sys.stderr.write(f"\n  {sentence}\n")
        sys.stderr.flush()


def complaints(result: Result) -> list[str]:
    """Say which promises a run broke."""
    found = list(dict.fromkeys(result.wrong))
    if result.lost or result.doubled:
        found.append(f"{result.lost} lost, {result.doubled} doubled.")
    return [f"{result.fault}, seed {result.seed}: {each}" for each in found]


def summary(results: list[Result]) -> str:
    """Return everything as one JSON object."""
    numbers = {
        "runs": len(results),
        "lost": sum(each.lost for each in results),
        "doubled": sum(each.doubled for each in results),
        "unknown": sum(each.unknown for each in results),
        "worst_recovery_seconds": round(max(each.recovered_in for each in results), 1),
        "broken": sum(not each.sound for each in results),
    }
    return json.dumps(numbers | {"results": [dataclasses.asdict(each) for each in results]})


def table(results: list[Result], *, seconds: float) -> str:
    """Return a line per fault. "At most" is how many messages nobody could know about."""
    names = {each.fault for each in results}
    lines = [
        "",
        f"{'fault':<38}{'runs':>5}{'lost':>6}{'doubled':>9}{'unknown':>9}{'at most':>9}{'recovery':>10}",
    ]
    lines += [
        _line(fault.name, [each for each in results if each.fault == fault.name])
        for fault in catalogue.FAULTS
        if fault.name in names
    ]
    lines += ["─" * 86, _line("all", results)]
    broken = [each for each in results if not each.sound]
    lines += ["", f"{len(results)} runs in {seconds / 60:.1f} minutes; {len(broken)} broke a promise."]
    lines += [f"  {sentence}" for each in broken for sentence in complaints(each)]
    return "\n".join(lines)


def _line(name: str, results: list[Result]) -> str:
    lost, doubled, unknown, doubt = (
        sum(getattr(each, key) for each in results) for key in ("lost", "doubled", "unknown", "doubt")
    )
    worst = max(each.recovered_in for each in results)
    return f"{name:<38}{len(results):>5}{lost:>6}{doubled:>9}{unknown:>9}{doubt:>9}{worst:>8.1f} s"
