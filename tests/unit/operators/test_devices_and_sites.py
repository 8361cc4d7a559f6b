"""Browsers by name, and where passkeys can be."""

import pytest

from service.operators.devices import describe
from service.operators.passkeys import Site, site


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/142.0", "Chrome on Mac"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
        ("<script>alert(1)</script>", "An unknown browser"),
    ],
)
def test_a_browser_is_named_as_its_owner_would(agent: str, words: str) -> None:
    assert describe(agent) == words


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://news.courier.example", Site("news.courier.example", "https://news.courier.example")),
        ("http://localhost:8000", Site("localhost", "http://localhost:8000")),
        ("http://news.courier.example", None),
        ("https://203.0.113.7", None),
        ("http://127.0.0.1:8000", None),
    ],
)
def test_passkeys_need_a_name_and_https(url: str, found: Site | None) -> None:
    assert site(url) == found
