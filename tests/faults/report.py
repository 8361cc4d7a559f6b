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
        if not result.sound:
            sys.stderr.write(f"  Again: {again(result)}\n")
        sys.stderr.flush()


def complaints(result: Result) -> list[str]:
    """Say which promises a run broke."""
    found = list(dict.fromkeys(result.wrong))
    if result.lost or result.doubled:
        found.append(f"{result.lost} lost, {result.doubled} doubled.")
    return [f"{result.fault}, seed {result.seed}: {each}" for each in found]


def again(result: Result) -> str:
    """Return the command that repeats exactly this run."""
    return f'make faults FIRST={result.seed} SEEDS=1 NAME="{result.fault}"'


def summary(results: list[Result]) -> str:
    """Return everything as one JSON object."""
    made = [each for each in results if not each.missing]
    numbers = {
        "runs": len(made),
        "lost": sum(each.lost for each in made),
        "doubled": sum(each.doubled for each in made),
        "unknown": sum(each.unknown for each in made),
        "worst_recovery_seconds": _worst(made),
        "broken": sum(not each.sound for each in made),
        "not_made": len(results) - len(made),
    }
    return json.dumps(numbers | {"results": [dataclasses.asdict(each) for each in results]})


def table(results: list[Result], *, seconds: float) -> str:
    """Return a line per fault and one for all. "At most" is how many messages nobody could know about."""
    made = [each for each in results if not each.missing]
    names = [fault.name for fault in catalogue.FAULTS if any(each.fault == fault.name for each in made)]
    heads = f"{'fault':<44}{'runs':>5}{'lost':>6}{'doubled':>9}{'unknown':>9}{'at most':>9}{'recovery':>11}"
    lines = ["", heads, *(_line(name, [each for each in made if each.fault == name]) for name in names)]
    lines += ["─" * len(heads), _line("all", made)]
    broken = [each for each in made if not each.sound]
    lines += ["", f"{len(made)} runs in {seconds / 60:.1f} minutes; {len(broken)} broke a promise."]
    for each in broken:
        lines += [*(f"  {sentence}" for sentence in complaints(each)), f"  Again: {again(each)}"]
    left_out = dict.fromkeys((each.fault, each.missing) for each in results if each.missing)
    lines += [f"Not made: {name}. {why}" for name, why in left_out]
    return "\n".join(lines)


def _line(name: str, results: list[Result]) -> str:
    lost, doubled, unknown, doubt = (
        sum(getattr(each, key) for each in results) for key in ("lost", "doubled", "unknown", "doubt")
    )
    numbers = f"{len(results):>5}{lost:>6}{doubled:>9}{unknown:>9}{doubt:>9}{_worst(results):>9.1f} s"
    return f"{name:<44}{numbers}"


def _worst(results: list[Result]) -> float:
    return round(max((each.recovered_in for each in results), default=0.0), 1)
