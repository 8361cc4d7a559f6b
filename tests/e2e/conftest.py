"""A real browser and a real server over a real database, all on this machine."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pydantic import HttpUrl
from werkzeug.serving import make_server

from service import bootstrap
from service.app import create_app
from service.bootstrap import Runtime
from service.db import Sessions
from service.settings import Settings
from tests.conftest import RecordingDispatcher

CHROMIUM = Path("/usr/bin/chromium")
#: Headless on a machine without a display or a sandbox, and silent on the network.
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the whole session: Playwright keeps an event loop running, and asyncio.run() of the feed
    # fetcher's tests would find it in this thread.
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture
def live(settings: Settings, committing: Sessions, dispatcher: RecordingDispatcher) -> Iterator[Runtime]:
    """The runtime of a server that answers under its own PUBLIC_URL; its rows are deleted afterwards."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    # By name: browsers make no passkeys for an IP address.
    address = HttpUrl(f"http://localhost:{server.server_port}")
    runtime = bootstrap.build(settings.model_copy(update={"public_url": address})).with_(
        sessions=committing, dispatcher=dispatcher
    )
    server.app = create_app(runtime)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield runtime
    server.shutdown()
    thread.join()
    server.server_close()
