"""`broadsheet selftest` for real: a story that ends well, and one that ends early."""

import json
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.commands.selftest import selftest
from service.selftest import processes
from service.selftest.report import Done, Outcome
from service.selftest.runner import run
from service.selftest.steps import START, STEPS, STOP, Step
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


def test_a_story_is_told_on_servers_of_its_own_and_nothing_is_left(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning; continuous integration tells the whole of it, in a step of its own."""
    elsewhere = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "PUBLIC_URL": "https://news.example.org",
        "http_proxy": "http://127.0.0.1:1",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    beginning = STEPS[:3]
    monkeypatch.setattr("service.commands.selftest.run", partial(run, steps=beginning))
    before = set(processes.descendants(os.getpid()))
    ended = CliRunner().invoke(selftest, ["--json"])
    said = json.loads(ended.stdout)
    assert said["failed"] is None, said
    assert ended.exit_code == 0, ended.stderr
    assert [step["number"] for step in said["steps"]] == list(range(1, len(beginning) + 3))
    assert [step["title"] for step in said["steps"]] == [START, *(step.title for step in beginning), STOP]
    assert set(processes.descendants(os.getpid())) <= before
    assert elsewhere.items() <= os.environ.items()
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
