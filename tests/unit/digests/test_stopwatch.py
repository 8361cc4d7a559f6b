"""Stages of a pass add up to the time that it took."""

import pytest

from service.digests import stopwatch
from service.digests.stopwatch import Stopwatch


def test_a_stage_inside_another_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 4.0, 10.0, 10.0, 12.0])
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: next(clock))
    watch = Stopwatch()

    with watch.stage("choose"), watch.stage("received"):
        pass
    with watch.stage("choose"):
        pass

    assert watch.take() == {"choose": 9.0, "received": 3.0}
    assert watch.take() == {}
