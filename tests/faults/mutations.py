"""`python -m tests.faults.mutations`: take each safeguard away in a copy, and see that the harness notices.

A harness that finds nothing proves nothing; this one must find every hole that is made on purpose. So must
the quick tests of tests/integration, which run every time.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.processes import ROOT

_COPIED = ("service", "tasks", "email_templates", "tests", "pyproject.toml")
_DELIVERY = "service/delivery/*.py"
_TESTS = "tests/integration/delivery"


class NotThere(Exception):  # stops everything: a safeguard that cannot be found is not taken away
    """The code has moved on, and the mutation has not."""


@dataclass(frozen=True)
class Change:
    """Where a safeguard stands, as a regular expression, and what stands there instead."""

    files: str
    pattern: str
    instead: str = ""


@dataclass(frozen=True)
class Mutation:
    """A safeguard that is taken away, and who must notice: a fault, and quick tests."""

    name: str
    changes: tuple[Change, ...]
    fault: str
    seeds: int
    tests: str = f"{_TESTS}/test_safeguards.py"
    #: Which of them, as pytest's -k.
    which: str = ""


MUTATIONS = (
    Mutation(
        "no unique key",
        (
            Change(
                "service/migrations/versions/*.py", r"sa\.UniqueConstraint\(\"mailing_id\", \"dedupe_key\".*,"
            ),
            Change(_DELIVERY, r"ON CONFLICT \(mailing_id, dedupe_key\) DO NOTHING"),
        ),
        "planned twice",
        2,
        which="unique_key",
    ),
    Mutation(
        "no state condition in the claim",
        (
            Change(
                "service/delivery/claims.py",
                r"(\w+\.)?state IN \('planned', 'deferred'\)\s+AND",
            ),
        ),
        "wake-ups many times at once",
        2,
        which="state_condition",
    ),
    Mutation(
        "no owner and state condition where outcomes are recorded",
        (
            Change(
                "service/delivery/outcomes.py", r"AND m\.owner = :owner", "AND CAST(:owner AS text) <> ''"
            ),
            Change("service/delivery/outcomes.py", r"AND m\.state IN \('claimed',[^)]*\)"),
        ),
        "frozen worker is told late",
        2,
        which="owner_condition",
    ),
    Mutation(
        "no last look at suppressions",
        (
            Change(
                "service/delivery/claims.py",
                r"AND NOT EXISTS \(SELECT FROM suppressions(?:.|\n)*?, 0\)\)\)",
            ),
            Change(
                "service/delivery/suppression.py",
                r"(def find\((?:.|\n)*?\) -> [^\n]*:\n)",
                r"\1    return {}\n",
            ),
        ),
        "planned twice",
        2,
        which="last_look",
    ),
    Mutation(
        "no dot in the journal",
        (
            Change(
                "service/delivery/journal.py",
                r"(    def dots?\((?:.|\n)*?\) -> None:\n)",
                r"\1        return\n",
            ),
        ),
        "kill child after the dot",
        6,
        which="intent_mark",
    ),
    Mutation(
        "no check of the lease before the dot",
        (
            Change("service/delivery/book.py", r"if self\.lease\.left < MARGIN_SECONDS:", "if False:"),
            # Who was away for longer than a moment asks the ledger as well, which knows of the lease too.
            Change(
                "service/delivery/shift.py",
                r"stale = time\.monotonic\(\) - looked_at > [^\n]*",
                "stale = False",
            ),
        ),
        "worker frozen past its lease",
        6,
        tests=f"{_TESTS}/test_crashes.py",
        which="frozen",
    ),
)


def mutate(mutation: Mutation, folder: Path) -> None:
    """Copy the source, and take the safeguard away in the copy.

    :raises NotThere: it is not where it was.
    """
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for change in mutation.changes:
        paths = [path for path in folder.glob(change.files) if re.search(change.pattern, path.read_text())]
        if not paths:
            raise NotThere(
                f"“{mutation.name}”: nothing in {change.files} looks like {change.pattern!r} any more; "
                "say in tests/faults/mutations.py where this safeguard is now."
            )
        for path in paths:
            path.write_text(re.sub(change.pattern, change.instead, path.read_text()))


def faults_notice(mutation: Mutation, folder: Path) -> bool:
    """Say whether a campaign in the copy ends badly."""
    done = _python(
        folder, "tests.faults", "--only", mutation.fault, "--seeds", str(mutation.seeds), "--patience", "40"
    )
    if done.returncode == 1 and "broke a promise" in done.stdout:
        return True
    if done.returncode != 0:
        raise RuntimeError(f"“{mutation.name}” did not run: {done.stderr[-2000:]}")
    return False


def tests_notice(mutation: Mutation, folder: Path) -> bool:
    """Say whether a quick test fails in the copy."""
    which = ["-k", mutation.which] if mutation.which else []
    options = ("-n", "0", "-p", "no:cacheprovider", "--timeout", "60", "-x")
    done = _python(folder, "pytest", *options, mutation.tests, *which)
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"“{mutation.name}” was not tested: {done.stdout[-2000:]}")
    return done.returncode == 1


def _python(folder: Path, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a safeguard can be taken away unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="only mutations whose name holds this text")
    options, _ = parser.parse_known_args(arguments)
    unnoticed = 0
    sys.stdout.write(f"{'taken away':<60}{'the faults':<14}{'quick tests':<14}\n")
    for mutation in MUTATIONS:
        if options.only not in mutation.name:
            continue
        with tempfile.TemporaryDirectory(prefix="bm-") as name:
            Path(name).chmod(0o755)
            mutate(mutation, Path(name))
            seen = [look(mutation, Path(name)) for look in (faults_notice, tests_notice)]
        unnoticed += not all(seen)
        words = "".join(f"{'noticed' if each else 'NOT NOTICED':<14}" for each in seen)
        sys.stdout.write(f"{mutation.name:<60}{words}\n")
        sys.stdout.flush()
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
