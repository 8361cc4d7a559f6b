"""`python -m tests.faults.mutations`: take each safeguard away in a copy, and see that the faults notice.

A harness that finds nothing proves nothing; this one must find every hole that is made on purpose.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.processes import ROOT

_COPIED = ("service", "tasks", "email_templates", "tests", "pyproject.toml")
_UNIQUE = 'sa.UniqueConstraint("mailing_id", "dedupe_key", name=op.f("uq_messages_mailing_id_dedupe_key")),'


@dataclass(frozen=True)
class Mutation:
    """A safeguard that is taken away: (file, text, what stands there instead), and who must notice."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    fault: str
    seeds: int = 6


MUTATIONS = (
    Mutation(
        "no unique key",
        (
            ("service/migrations/versions/*.py", _UNIQUE, ""),
            ("service/delivery/ledger.py", "ON CONFLICT (mailing_id, dedupe_key) DO NOTHING", ""),
        ),
        "planned twice",
        2,
    ),
    Mutation(
        "no state condition in the claim",
        (
            (
                "service/delivery/claims.py",
                "WHERE mailing_id = g.id AND state IN ('planned', 'deferred') AND due_at",
                "WHERE mailing_id = g.id AND due_at",
            ),
        ),
        "wake-ups many times at once",
        2,
    ),
    Mutation(
        "no owner and state condition where outcomes are recorded",
        (
            (
                "service/delivery/outcomes.py",
                "AND m.owner = :owner\n      AND m.state IN ('claimed', 'sending', 'unknown')",
                "AND CAST(:owner AS text) IS NOT NULL",
            ),
        ),
        "frozen worker is told late",
        2,
    ),
    Mutation(
        "no last look at suppressions",
        (("service/delivery/claims.py", "suppressed = _suppressed(session, hashes)", "suppressed = set()"),),
        "planned twice",
        2,
    ),
    Mutation(
        "no dot in the journal",
        (("service/delivery/journal.py", 'self._write({"dot": key})', "pass"),),
        "kill child after the dot",
    ),
    Mutation(
        "no check of the lease before the dot",
        (("service/delivery/shift.py", "if self._crew.lease.left < MARGIN_SECONDS:", "if False:"),),
        "worker frozen past its lease",
        6,
    ),
)


def notices(mutation: Mutation, *, folder: Path) -> bool:
    """Say whether the harness sees that the safeguard is gone."""
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for pattern, before, after in mutation.changes:
        _change(folder, pattern, before, after)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--only", mutation.fault, "--seeds", str(mutation.seeds)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 1 and "broke a promise" in done.stdout:
        return True
    if done.returncode != 0:
        raise RuntimeError(f"“{mutation.name}” did not run: {done.stderr[-2000:]}")
    return False


def _change(folder: Path, pattern: str, before: str, after: str) -> None:
    (path,) = [each for each in folder.glob(pattern) if before in each.read_text()]
    path.write_text(path.read_text().replace(before, after))


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a safeguard can be taken away unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="only mutations whose name holds this text")
    options, _ = parser.parse_known_args(arguments)
    unnoticed = 0
    for mutation in MUTATIONS:
        if options.only not in mutation.name:
            continue
        with tempfile.TemporaryDirectory(prefix="bm-") as name:
            Path(name).chmod(0o755)
            seen = notices(mutation, folder=Path(name))
        unnoticed += not seen
        sys.stdout.write(f"{mutation.name:<60}{'noticed' if seen else 'NOT NOTICED'}\n")
        sys.stdout.flush()
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
