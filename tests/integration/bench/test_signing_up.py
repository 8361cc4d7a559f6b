"""`broadsheet bench signup` for real, small: what it reports, and that nothing is left."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.bench import browser, signing_up
from service.bench.plan import BenchmarkError

pytestmark = pytest.mark.timeout(180)


class Silent:
    """Nobody watches."""

    def say(self, what: str) -> None:
        pass

    def sent(self, done: int, total: int) -> None:
        pass


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that any server may pass through, with a short path."""
    with tempfile.TemporaryDirectory(prefix="bs-") as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def test_a_small_run_is_taken_whole_weighs_the_page_and_leaves_nothing(temporary: Path) -> None:
    before = dict(os.environ)
    report = signing_up.run(rate=10, seconds=1, progress=Silent(), warming=4, loads=2)
    assert (report.presses, report.taken, report.errors) == (10, 10, {})
    assert 0 < report.p50_ms <= report.p99_ms <= report.slowest_ms
    assert report.page_parts["/n/bench"] > 0
    assert report.page_bytes == sum(report.page_parts.values())
    assert report.other_hosts == 0
    if browser.find() is None:
        assert "not measured" in "\n".join(report.lines())
    else:
        assert report.usable is not None
        assert 0 < report.usable.median_ms <= report.usable.slowest_ms
    assert list(temporary.iterdir()) == []
    assert dict(os.environ) == before


@pytest.mark.skipif(browser.find() is None, reason="there is no Chromium")
def test_a_page_without_the_field_is_not_called_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_PATIENCE", 1.0)
    with pytest.raises(BenchmarkError, match="could not be used"):
        browser.usable(str(browser.find()), "data:text/html,<p>Closed</p>", field="input", loads=1)
