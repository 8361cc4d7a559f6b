"""`broadsheet bench console` for real, tiny: its world is whole, every page is asked, and nothing is left."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from service.bench.console.routes import EXCUSED

pytestmark = pytest.mark.timeout(180)


def test_every_page_of_the_console_is_asked_or_excused_and_none_fails() -> None:
    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        Path(folder).chmod(0o755)
        ended = subprocess.run(
            [sys.executable, "-m", "service.cli", "bench", "console", "--json", "--readers", "1000",
             "--articles", "200", "--ledger", "10000", "--rounds", "1", "--addresses", "1",
             "--live", "6", "--live-seconds", "3"],
            env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere", "TMPDIR": folder},
            capture_output=True, text=True, timeout=170, check=False,
        )  # fmt: skip
        assert list(Path(folder).iterdir()) == []

    # Whether it was quick enough is not asked here.
    assert ended.stderr == ""
    said = json.loads(ended.stdout)
    assert said["not_reached"] == []
    assert said["failed"] == {}
    assert said["excused"] == EXCUSED
    pages = {each["name"]: each for each in said["pages"]}
    assert {"/console/", "/console/queue/<int:mailing_id>", "/console/readers/ ?q", "search of readers",
            "count of an audience", "/console/login"} <= pages.keys()  # fmt: skip
    assert all(0 < each["p50_ms"] <= each["max_ms"] for each in said["pages"])
    message = pages["/console/queue/messages/<int:mailing_id>/<int:message_id>"]
    assert message["statements"] >= 3
    assert message["ledger_rows"] >= 1
    assert (said["live"]["pages"], said["live"]["sent"] > 0, said["live"]["events"] > 0) == (6, True, True)
    assert said["memory"]["after"] > 20
