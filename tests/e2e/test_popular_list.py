"""The popular list in a page of another site, in a real browser: seen, followed, and nothing moves."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from service.bootstrap import Runtime
from service.db import transaction
from service.newsletters.models import Newsletter
from service.popularity.models import SiteEvent, WidgetView
from service.popularity.popular import Period
from service.web.admin.widget import Choice, snippet
from tests.factories import make_article, make_newsletter, make_source

pytestmark = pytest.mark.browser

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
SHIFTS = """
Object.defineProperty(navigator, "webdriver", {get: () => false});
window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.shifted += one.value; }))
  .observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """Serve one page under an address of its own, as the publisher's server would."""
    page: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page[-1])

        def log_message(self, *_: object) -> None:
            pass

    def put(body: bytes) -> str:
        page.append(body)
        return f"http://127.0.0.1:{server.server_port}/"

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield put
        server.shutdown()
        thread.join()


def test_the_list_is_seen_followed_and_moves_nothing(
    live: Runtime, browser: Browser, serve: Callable[[bytes], str]
) -> None:
    with transaction(live.sessions) as session:
        newsletter = make_newsletter(session, slug="courier", locale="ar")
        source = make_source(session, newsletter)
        for n in range(3):
            make_article(
                session,
                source,
                newsletter.topics[0],
                seq=n + 1,
                title=f"Story {n}",
                url=f"{live.settings.base_url}/static/readers.svg",
                published_at=datetime.now(UTC),
            )
    page = browser.new_context(user_agent=CHROME, viewport={"width": 375, "height": 900}).new_page()
    page.add_init_script(SHIFTS)

    page.goto(serve(_page(live, newsletter)))
    expect(page.get_by_role("link", name="Story")).to_have_count(3)
    assert page.locator("section").get_attribute("dir") == "rtl"
    page.wait_for_timeout(1300)
    assert page.evaluate("shifted") == 0
    assert page.context.cookies() == []
    page.get_by_role("link", name="Story 1").click()
    page.wait_for_url("**/static/readers.svg")
    # What is sent when a page is left comes a moment later.
    wait_until(lambda: bool(rows(live)))

    [view] = rows(live)
    with live.sessions() as session:
        [click] = session.scalars(select(SiteEvent))
        assert sorted(view.slots) == [1, 2, 3]
        assert dict(zip(view.article_ids, view.slots, strict=True))[click.article_id] == click.slot
        # What a page sends when it is left carries the browser's own name, which says that it is headless.
        assert (view.verdict, click.verdict) == ("scanner", "human")


def rows(live: Runtime) -> list[WidgetView]:
    with live.sessions() as session:
        return list(session.scalars(select(WidgetView)))


def wait_until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.05)


def _page(live: Runtime, newsletter: Newsletter) -> bytes:
    choice = Choice(newsletter, topic="", items=3, period=Period.WEEK, sign_up=True)
    home = live.settings.base_url
    html = snippet(choice, home=home, page=live.links.newsletter(newsletter.slug))
    return f"<!doctype html><title>A site</title><body>{html}<p>What comes after it.".encode()
