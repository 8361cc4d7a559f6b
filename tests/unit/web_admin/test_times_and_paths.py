"""Instants in words, and where a login may lead."""

from datetime import UTC, datetime, timedelta

import pytest

from service.web.admin.auth import safe_path
from service.web.admin.times import ago

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2, "just now"),
        (40, "40 seconds ago"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86400, "1 day ago"),
        (6 * 86400, "6 days ago"),
        (8 * 86400, "16 November"),
        (400 * 86400, "20 October 2025"),
        (-600, "in 10 minutes"),
    ],
)
def test_instants_are_said_as_people_say_them(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), now=NOW) == words


@pytest.mark.parametrize("target", ["/console/", "/console/sources/?newsletter=1"])
def test_a_login_goes_on_to_console_pages(target: str) -> None:
    assert safe_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "//evil.example",
        "https://evil.example/console/",
        "/\\evil.example",
        "/p/token",
        "/console/\\..\\x",
    ],
)
def test_a_login_leads_nowhere_else(target: str) -> None:
    assert safe_path(target) is None
