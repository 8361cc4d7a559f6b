"""What surrounds a self-test: its own feed, its own environment, and the eye on its processes."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from service import settings
from service.articles.parsing import parse
from service.embedded.environment import own_environment
from service.errors import ConfigurationError
from service.selftest import processes
from service.selftest.feed import FIRST, SECOND, FeedServer


def test_the_feed_is_one_that_the_product_reads(now) -> None:
    with FeedServer(now=now) as site, urllib.request.urlopen(site.url) as answer:
        feed = parse(answer.read(), base_url=site.url, content_type=answer.headers["Content-Type"])
    assert feed.title == "The Selftest Gazette"
    assert len(feed.entries) == len(FIRST)
    assert {name for entry in feed.entries for name in entry.categories} == {
        "City",
        "Science",
        "Kitchen",
        "Laboratory",
    }
    assert all(now - timedelta(days=2) < entry.published_at < now for entry in feed.entries)


def test_the_feed_answers_a_conditional_request_until_something_is_published(now) -> None:
    with FeedServer(now=now) as site:
        with urllib.request.urlopen(site.url) as answer:
            tag = answer.headers["ETag"]
        again = urllib.request.Request(site.url, headers={"If-None-Match": tag})
        with pytest.raises(urllib.error.HTTPError) as unchanged:
            urllib.request.urlopen(again)
        assert unchanged.value.code == 304
        unchanged.value.close()
        site.publish(SECOND, now=now)
        with urllib.request.urlopen(again) as answer:
            assert answer.status == 200
    assert [conditional for conditional, _ in site.asked] == [False, True, True]


def test_settings_of_the_machine_are_hidden_and_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "broadsheet.toml"
    configuration.write_text('redis_url = "redis://127.0.0.1:1/0"\n')
    monkeypatch.setenv("BROADSHEET_CONFIG", str(configuration))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/elsewhere")
    before = dict(os.environ)
    with own_environment(tmp_path / "own"):
        assert not settings.is_given("DATABASE_URL")
        assert not settings.is_given("REDIS_URL")
        with pytest.raises(ConfigurationError, match="DATABASE_URL is missing"):
            settings.load()
        os.environ["SECRET_KEY"] = "left over"
    assert dict(os.environ) == before


def test_a_process_and_its_children_are_seen_until_they_end() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        seen = [one for one in processes.descendants(os.getpid()) if one.pid >= parent.pid]
        assert parent.pid in {one.pid for one in seen}
        assert len([one for one in seen if one.is_there]) >= 2
        parent.communicate(b"\n")
    assert not [one for one in seen if one.is_there and one.pid == parent.pid]
