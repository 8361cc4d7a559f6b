"""The sign-up page is light: what it needs fits into three round trips, and comes from one host."""

import gzip
import re

from service.newsletters.models import Newsletter
from tests.integration.web_readers.browsing import Reader

#: Bytes, compressed as a proxy does it.
BUDGET = 30 * 1024


def test_the_sign_up_page_with_its_styles_and_scripts_weighs_at_most_30_kb(
    reader: Reader, newsletter: Newsletter
) -> None:
    page = reader.client.get("/n/courier").text
    needed = re.findall(r'<(?:link rel="stylesheet" href|script[^>]* src)="([^"]+)"', page)
    assert len(needed) >= 3
    assert all(path.startswith("/static/") for path in needed)
    weights = {"page": _weight(page.encode())}
    for path in needed:
        with reader.client.get(path) as answer:
            assert answer.status_code == 200, path
            weights[path] = _weight(answer.data)
    assert sum(weights.values()) <= BUDGET, weights


def test_nothing_on_the_page_is_fetched_from_another_host(reader: Reader, newsletter: Newsletter) -> None:
    page = reader.client.get("/n/courier").text
    fetched = re.findall(r'<(?:img|script|iframe|source|video|audio)[^>]* src="([^"]+)"', page)
    fetched += re.findall(r'<link rel="(?:stylesheet|icon|preload|modulepreload)"[^>]* href="([^"]+)"', page)
    assert fetched
    assert [url for url in fetched if not url.startswith("/") or url.startswith("//")] == []


def _weight(content: bytes) -> int:
    return len(gzip.compress(content, 6, mtime=0))
