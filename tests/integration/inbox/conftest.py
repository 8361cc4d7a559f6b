"""A running inbox, and its page without a socket."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from service.inbox.page import make_app
from service.inbox.store import Store
from tests.integration.inbox.running import RunningInbox, start_inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[RunningInbox]:
    running = start_inbox(tmp_path / "inbox")
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(10)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "inbox")


@pytest.fixture
def page(store: Store) -> Client:
    return Client(make_app(store, names={"inbox.test"}))
