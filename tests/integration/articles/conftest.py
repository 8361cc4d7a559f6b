"""A feed server for every test that fetches."""

from collections.abc import Iterator

import pytest

from tests.feed_server import FeedServer


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer().running() as server:
        yield server
