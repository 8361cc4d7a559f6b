"""The form on another site, the slip, and the page that knows a person from a scanner."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import select

from service.bootstrap import Runtime
from service.db import transaction
from service.subscribers.models import ConsentEvent, Subscription, SubscriptionState
from service.web.admin.signup_forms import HEIGHT
from tests.e2e.conftest import CHROMIUM, SWITCHES
from tests.factories import make_newsletter, make_subscription

pytestmark = pytest.mark.browser

ANN = "ann@example.org"
SHIFTS = """new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 200);
})"""


@pytest.fixture(scope="module")
def people() -> Iterator[Browser]:
    """A browser that does not say that it is driven, as a person's does not, and no good scanner's either."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        switches = [*SWITCHES, "--disable-blink-features=AutomationControlled"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
        yield chromium
        chromium.close()


@pytest.fixture
def context(people: Browser) -> Iterator[BrowserContext]:
    context = people.new_context(viewport={"width": 375, "height": 800}, locale="en-GB")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def site(live: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setattr("service.subscribers.guard.QUICKEST_SECONDS", 0)
    with transaction(live.sessions) as session:
        make_newsletter(session, slug="courier", name="The Harbour Courier", topics=("Science", "Climate"))
    return live


@pytest.fixture
def article(site: Runtime) -> Iterator[str]:
    """A page of the publisher's own site, with the form as the console gives it."""
    home = site.settings.base_url
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>A telescope</title>
    <h1>A telescope</h1>
    <broadsheet-form newsletter="courier" topic="climate" style="display: block; min-height: {HEIGHT}">
      <form method="post" action="{home}/n/courier/start">
        <input type="hidden" name="topic" value="climate">
        <label>E-mail address <input type="email" name="email" autocomplete="email" required></label>
        <button>Sign up</button></form>
    </broadsheet-form>
    <script async src="{home}/embed.js"></script><p>More of the article.</p>""".encode()

    class Publisher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page if self.path == "/" else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def waiting(site: Runtime) -> tuple[Subscription, str]:
    """Somebody who has signed up, and the link that was mailed."""
    with transaction(site.sessions) as session:
        newsletter = make_newsletter(session)
        row = make_subscription(session, newsletter, state=SubscriptionState.PENDING, confirmed_at=None)
    asked_at = row.requested_at
    return row, site.links.confirm(subscription_id=row.id, generation=row.generation, at=asked_at)


def state(site: Runtime, row: Subscription) -> SubscriptionState:
    with site.sessions() as session:
        return session.get_one(Subscription, row.id).state


def move_about(page: Page) -> None:
    # Not at once: whoever opens a page looks at it first.
    page.wait_for_timeout(700)
    for n in range(8):
        page.mouse.move(40 + 9 * n, 60 + 7 * n)
        page.wait_for_timeout(30)


def test_a_reader_signs_up_on_the_publishers_own_page(
    context: BrowserContext, site: Runtime, article: str
) -> None:
    hosts: set[str] = set()
    context.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
    page = context.new_page()
    page.goto(article)
    expect(page.get_by_text("The Harbour Courier", exact=True)).to_be_visible()
    assert page.evaluate(SHIFTS) == 0
    expect(page.locator("summary")).to_have_text("TopicsClimate")
    page.locator("summary").click()
    expect(page.get_by_label("Climate from this article")).to_be_checked()
    page.get_by_label("Science").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("alert")).to_have_text("Enter your e-mail address, like name@example.org.")
    address = page.get_by_label("E-mail address")
    expect(address).to_be_focused()
    address.fill("ann@gmial.com")
    address.press("Enter")
    page.get_by_role("button", name="Yes, use it").click()
    heading = page.get_by_role("heading", name="Check your inbox")
    expect(heading).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("The Harbour Courier comes to you")

    with site.sessions() as session:
        row = session.scalars(select(Subscription)).one()
        assert row.subscriber.email == "ann@gmail.com"
        assert len(row.topic_ids) == 2
        assert session.scalars(select(ConsentEvent.form_url)).one() == article
    assert context.cookies() == []
    assert hosts == {article.rstrip("/"), site.settings.base_url}


def test_without_scripts_the_publishers_page_leads_to_ours(
    people: Browser, site: Runtime, article: str
) -> None:
    context = people.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(article)
    page.get_by_label("E-mail address").fill(ANN)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One press more")
    expect(page.get_by_label("Climate")).to_be_checked()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    context.close()


def test_a_slip_in_the_address_is_mended_with_a_button_and_the_forecast_follows(
    context: BrowserContext, site: Runtime
) -> None:
    page = context.new_page()
    page.goto(site.links.newsletter("courier"))
    page.get_by_label("Science").check()
    page.get_by_label("Daily").check()
    expect(page.locator("#forecast")).to_contain_text("every day")
    page.get_by_label("E-mail address").fill("ann@gmial.com")
    page.get_by_label("E-mail address").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Did you mean ann@gmail.com?")
    page.get_by_role("button", name="Yes, use it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    with site.sessions() as session:
        assert session.scalars(select(Subscription)).one().subscriber.email == "ann@gmail.com"


def test_a_scanner_that_runs_scripts_and_waits_confirms_nothing(
    context: BrowserContext, site: Runtime
) -> None:
    row, link = waiting(site)
    page = context.new_page()
    page.goto(link)
    page.wait_for_timeout(800)
    # What a script can do in a page: scroll it, focus things, make events of every kind.
    page.evaluate(
        """() => {
          scrollTo(0, 500);
          document.querySelector("button").focus();
          for (let n = 0; n < 9; n++) {
            for (const name of ["pointermove", "pointerup", "touchend", "wheel", "keydown", "scroll"]) {
              const place = { bubbles: true, screenX: 40 * n, screenY: 30 * n, key: "a" };
              const kind = name === "keydown" ? KeyboardEvent : name === "scroll" ? Event : PointerEvent;
              document.body.dispatchEvent(new kind(name, place));
            }
          }
        }"""
    )
    # One jump of a pointer is what a screenshot tool leaves behind.
    page.mouse.move(100, 100)
    page.wait_for_timeout(900)
    expect(page.get_by_role("button", name="Confirm my subscription")).to_be_visible()
    assert state(site, row) is SubscriptionState.PENDING


@pytest.mark.parametrize("by", ["pointer", "click", "key"])
def test_a_person_confirms_without_looking_for_the_button(
    context: BrowserContext, site: Runtime, by: str
) -> None:
    row, link = waiting(site)
    page = context.new_page()
    page.goto(link)
    if by == "pointer":
        move_about(page)
    else:
        page.wait_for_timeout(700)
        page.keyboard.press("ArrowDown") if by == "key" else page.mouse.click(30, 300)
    expect(page.get_by_role("heading", level=1)).to_have_text("You’re in")
    assert state(site, row) is SubscriptionState.ACTIVE
