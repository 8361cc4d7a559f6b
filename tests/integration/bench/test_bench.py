"""`broadsheet bench deliver` for real, small: what it reports, and that nothing is left."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.bench import rows, stages
from service.bench.plan import Mode, Plan
from service.bootstrap import Runtime
from service.delivery.models import Mailing, MailingState, Message
from service.recipes.models import Recipe

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files that any server may pass through, with a short path."""
    with tempfile.TemporaryDirectory(prefix="bs-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def plan(mode: Mode, **values: object) -> Plan:
    given = {"messages": 40, "size": 45_000, "dkim": False, "workers": 1, "wanted_connections": 1}
    return Plan(mode=mode, **{**given, "sink_delay": 0.0, **values})  # type: ignore[arg-type]


def test_a_small_run_sends_everything_reports_it_and_leaves_nothing(temporary: Path) -> None:
    elsewhere = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere",
        "SMTP_URL": "smtp://127.0.0.1:1",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "service.cli", "bench", "deliver", "--json", "--dkim",
         "--messages", "60", "--workers", "1", "--connections", "2", "--sink-delay", "5ms"],
        env={**os.environ, **elsewhere, "TMPDIR": str(temporary)},
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert (said["sent"], said["not_sent"], said["sink"]) == (60, {}, "broadsheet")
    assert said["messages_per_second"] == pytest.approx(60 / said["seconds"], rel=0.05)
    assert {"smtp_source_per_second", "ratio"} <= said.keys()
    assert (said["ratio"] is None) == (said["smtp_source_per_second"] is None)
    assert {"worker", "postgres", "sink"} <= said["peak_rss_mb"].keys()
    assert said["cpu_ms_per_message"]["worker"] > 0
    assert said["cpu_ms_per_message"]["worker_sign"] > 0.01
    assert list(temporary.iterdir()) == []


def test_no_more_than_two_readers_share_a_digest_and_each_has_14_articles(
    session: Session, runtime: Runtime, now
) -> None:
    mailing_id = rows.fill(session, plan(Mode.DIGEST, messages=41), links=runtime.links, now=now)
    recipes = session.scalars(select(Recipe)).all()
    readers = session.scalars(select(Message.recipe_id).where(Message.mailing_id == mailing_id)).all()
    assert (len(readers), len(recipes)) == (41, 21)
    assert max(readers.count(recipe.id) for recipe in recipes) == 2
    assert {len(set(recipe.article_ids)) for recipe in recipes} == {14}
    assert len({tuple(recipe.piece_ids) for recipe in recipes}) == 21
    # Two headings.
    assert {len(recipe.piece_ids) for recipe in recipes} == {16}
    assert session.get_one(Mailing, mailing_id).state is MailingState.SCHEDULED


def test_everybody_shares_the_recipe_of_a_blast(session: Session, runtime: Runtime, now) -> None:
    mailing_id = rows.fill(session, plan(Mode.BLAST), links=runtime.links, now=now)
    used = session.scalars(select(Message.recipe_id).where(Message.mailing_id == mailing_id)).all()
    assert (len(used), len(set(used))) == (40, 1)


@pytest.mark.parametrize("mode", list(Mode))
def test_mails_have_about_the_size_that_was_asked_for(
    mode: Mode, session: Session, runtime: Runtime, now
) -> None:
    mailing_id = rows.fill(session, plan(mode), links=runtime.links, now=now)
    session.commit()
    measured = stages.measure(runtime, mailing_id)
    assert measured.bytes_per_message == pytest.approx(45_000, rel=0.03)
    assert measured.compose > 0
    assert measured.build > 0


def test_planning_is_measured_on_rows_that_add_up_and_leaves_nothing(temporary: Path) -> None:
    said = bench(temporary, "plan", "--readers", "2500")
    assert (said["readers"], said["adds_up"]) == (2500, True)
    assert said["rows_per_second"] == pytest.approx(2500 / said["seconds"], rel=0.05)
    assert list(temporary.iterdir()) == []


def test_the_ledger_is_asked_with_its_past_in_it_and_leaves_nothing(temporary: Path) -> None:
    said = bench(temporary, "ledger", "--rows", "40000", "--rounds", "5")
    assert (said["rows"], said["mailings"]) == (40_000, 40)
    assert {"claim 64", "record 64", "one reader's messages"} <= said["timings"].keys()
    assert all(0 < each["median_ms"] <= each["p95_ms"] for each in said["timings"].values())
    assert list(temporary.iterdir()) == []


def bench(temporary: Path, *arguments: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "service.cli", "bench", *arguments, "--json"],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found
