"""`broadsheet selftest` for real: the whole story, and one that ends early."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.selftest import processes
from service.selftest.report import Done, Outcome
from service.selftest.runner import run
from service.selftest.steps import STEPS, Step
from service.selftest.world import World

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that any server may pass through, with a short path."""
    with tempfile.TemporaryDirectory(prefix="bs-") as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", name)
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


class Quiet:
    """Says nothing."""

    def begin(self, number: int, title: str) -> None: ...

    def end(self, step: Done) -> None: ...

    def close(self, outcome: Outcome) -> None: ...


def test_the_whole_story_is_told_on_servers_of_its_own_and_nothing_is_left(temporary: Path) -> None:
    elsewhere = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "PUBLIC_URL": "https://news.example.org",
        "http_proxy": "http://127.0.0.1:1",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "service.cli", "selftest", "--json"],
        env={**os.environ, **elsewhere},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    said = json.loads(ended.stdout)
    assert said["failed"] is None, said
    assert ended.returncode == 0, ended.stderr
    assert [step["number"] for step in said["steps"]] == list(range(1, len(STEPS) + 3))
    assert list(temporary.iterdir()) == []


def test_a_step_that_fails_ends_everything_with_its_sentence_and_the_logs(temporary: Path) -> None:
    def look_for_what_is_not_there(world: World) -> None:
        world.reader.open("/healthz")
        world.reader.open("/no-such-page")

    before = set(processes.descendants(os.getpid()))
    environment = dict(os.environ)
    outcome = run(Quiet(), steps=[Step("look", look_for_what_is_not_there), *STEPS])
    assert [step.ok for step in outcome.steps] == [True, False]
    assert outcome.failed is not None
    assert outcome.failed.problem.startswith("/no-such-page answered 404 instead of 200")
    assert set(processes.descendants(os.getpid())) <= before
    assert dict(os.environ) == environment
    assert list(temporary.iterdir()) == []
