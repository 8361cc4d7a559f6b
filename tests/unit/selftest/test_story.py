"""A step that fails ends the story, and the command, with its sentence."""

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.commands import selftest as command
from service.selftest.checks import CheckFailed, check, eventually
from service.selftest.report import Done, JsonObject, Lines, Outcome
from service.selftest.steps import STEPS, Step
from service.selftest.story import Story


def refuse(_world: object) -> None:
    check(2 + 2 == 5, "The sum does not close.")


def stumble(_world: object) -> None:
    raise KeyError("surprise")


def tell(steps: list[Step], logs: Path) -> tuple[Outcome, str]:
    outcome, out = Outcome(), io.StringIO()
    reporter = Lines(out)
    Story(reporter, outcome, logs=logs).tell(steps, None)  # type: ignore[arg-type]  # these steps need no world
    reporter.close(outcome)
    return outcome, out.getvalue()


def test_the_first_failing_step_is_the_last_one_told(tmp_path: Path) -> None:
    (tmp_path / "worker.log").write_text("\n".join(f"line {n}" for n in range(40)))
    steps = [
        Step("all is well", lambda _: "39 sent"),
        Step("sums close", refuse),
        Step("never told", lambda _: None),
    ]
    outcome, said = tell(steps, tmp_path)
    assert [(step.number, step.ok) for step in outcome.steps] == [(2, True), (3, False)]
    assert "Step 3 failed: The sum does not close." in said
    assert "never told" not in said
    assert "line 39" in said
    assert "line 20" not in said
    assert "This installation is not sound." in said
    assert "39 sent" in said


def test_a_step_that_breaks_is_no_better(tmp_path: Path) -> None:
    outcome, said = tell([Step("breaks", stumble)], tmp_path)
    assert not outcome.ok
    assert "The self-test itself broke (KeyError: 'surprise')" in said


def test_an_interruption_says_nothing_against_the_installation(tmp_path: Path) -> None:
    def wait(_world: object) -> None:
        eventually(lambda: None, "Nothing came.", given_up=lambda: True)

    (tmp_path / "web.log").write_text("a line")
    outcome, said = tell([Step("waits", wait)], tmp_path)
    assert not outcome.ok
    assert "Interrupted before the end; nothing was found wrong so far." in said
    assert "a line" not in said
    assert json.loads(outcome.as_json())["interrupted"] is True


def test_nothing_told_is_not_sound() -> None:
    assert not Outcome().ok


def test_json_is_one_object_that_says_which_step_failed_and_why() -> None:
    outcome = Outcome(
        [Done(1, "start", 4.26), Done(2, "sign up", 1.0, problem="The form was refused.")],
        seconds=5.3,
        logs={"web": ["a line"]},
    )
    out = io.StringIO()
    JsonObject(out).close(outcome)
    said = json.loads(out.getvalue())
    assert said["ok"] is False
    assert said["failed"] == {"number": 2, "problem": "The form was refused."}
    assert [step["ok"] for step in said["steps"]] == [True, False]
    assert said["logs"] == {"web": ["a line"]}


@pytest.mark.parametrize(("problem", "status"), [("", 0), ("The form was refused.", 1)])
def test_the_command_ends_with_a_status(problem: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(reporter: JsonObject, *, keep: bool) -> Outcome:
        outcome = Outcome([Done(1, "start", 1.0, problem=problem)], folder="kept" if keep else None)
        reporter.close(outcome)
        return outcome

    monkeypatch.setattr(command, "run", run)
    ended = CliRunner().invoke(command.selftest, ["--keep"])
    assert ended.exit_code == status
    assert problem in ended.output
    assert "Everything is kept in kept" in ended.output


def test_waiting_ends_in_the_sentence_and_at_once_when_given_up() -> None:
    with pytest.raises(CheckFailed, match=r"Nothing came. \(waited 0 s\)"):
        eventually(lambda: None, "Nothing came.", seconds=0)
    with pytest.raises(CheckFailed, match="interrupted"):
        eventually(lambda: None, "Nothing came.", given_up=lambda: True)
    assert eventually(lambda: [1], "Nothing came.") == [1]


def test_titles_fit_the_column() -> None:
    assert max(len(step.title) for step in STEPS) <= 62
