"""`python -m tests.faults --seeds 200`: break a whole installation so often, and print what came of it."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.faults import catalogue, report
from tests.faults.campaign import many
from tests.faults.catalogue import Fault
from tests.faults.world import PATIENCE, running_world


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the status: 1 if anything was lost, doubled or unknown beyond what nobody can know."""
    options = _options(arguments)
    faults = _chosen(options)
    began = time.monotonic()
    with running_world(timing={} if options.production else None) as world:
        world.patience = options.patience
        results = many(world, faults, tell=report.Progress(len(faults)))
        if options.logs:
            sys.stderr.write(world.logs())
    text = (
        report.summary(results) if options.json else report.table(results, seconds=time.monotonic() - began)
    )
    sys.stdout.write(text + "\n")
    return 0 if all(each.sound for each in results) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="only faults whose name holds this text")
    parser.add_argument("--name", default="", help="only the fault of this name: repeats a seed exactly")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds a recovery may take")
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--production", action="store_true", help="with production's lease and deadlines")
    parser.add_argument("--logs", action="store_true", help="print the logs of all processes at the end")
    return parser.parse_args(arguments)


def _chosen(options: argparse.Namespace) -> list[tuple[Fault, int]]:
    last = options.first + options.seeds
    if options.only or options.name:
        few = [
            fault
            for fault in catalogue.FAULTS
            if options.only in fault.name and options.name in {"", fault.name}
        ]
        if not few:
            raise SystemExit("No fault has such a name; tests/faults/catalogue.py lists them.")
        return [(few[seed % len(few)], seed) for seed in range(options.first, last)]
    drawn = catalogue.order(last)
    return [(drawn[seed], seed) for seed in range(options.first, last)]


if __name__ == "__main__":
    sys.exit(main())
