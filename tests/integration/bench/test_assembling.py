"""`broadsheet bench assemble` for real, small: what it reports, and that nothing is left."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(180)


def test_a_small_edition_is_planned_by_two_planners_as_the_plain_function_would() -> None:
    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        Path(folder).chmod(0o755)
        ended = subprocess.run(
            [sys.executable, "-m", "service.cli", "bench", "assemble", "--json", "--readers", "600",
             "--topics", "8", "--picks", "3", "--articles", "60", "--sample", "200"],
            env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere", "TMPDIR": folder},
            capture_output=True, text=True, timeout=170, check=False,
        )  # fmt: skip
        assert list(Path(folder).iterdir()) == []

    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert (said["readers"], said["planned"] + said["skipped"]) == (600, 600)
    assert (said["sample_size"], said["sample_differences"]) == (200, 0)
    assert 0 < said["recipes"] <= said["planned"]
    assert said["readers_per_recipe"] == pytest.approx(said["planned"] / said["recipes"], abs=0.01)
    assert said["rows_per_second"] == pytest.approx(600 / said["seconds"], rel=0.05)
    assert said["peak_rss_mb"] > 20


def test_nobody_can_choose_more_topics_than_there_are() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "service.cli", "bench", "assemble", "--topics", "3", "--picks", "4"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "more topics than there are" in ended.stderr
