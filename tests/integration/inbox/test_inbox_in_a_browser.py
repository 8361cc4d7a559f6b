"""A mail with a script, looked at in a real browser: it is shown, and nothing of it runs."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.integration.inbox.running import RunningInbox

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
)
HOSTILE = (
    b"Subject: Hostile\r\nContent-Type: text/html\r\n\r\n<html><head></head><body><p id='p'>Unharmed</p>"
    b"<script>document.getElementById('p').textContent = 'ran'; top.location = 'about:blank'</script>"
    b"<img src='x' onerror=\"document.getElementById('p').textContent = 'ran'\">"
    b"<style>@media (prefers-color-scheme: dark) { p { color: rgb(1, 2, 3) } }</style>"
    b"<form action='/delete' method='post'><button>Send</button></form></body></html>"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
]


@pytest.fixture
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser.new_page()
        browser.close()


def test_a_mail_comes_by_itself_and_its_script_does_not_run(inbox: RunningInbox, browser_page: Page) -> None:
    browser_page.goto(inbox.url)
    with inbox.connect() as smtp:
        smtp.sendmail("bounce@example.org", ["ann@example.org"], HOSTILE)
    browser_page.get_by_text("Hostile").click(timeout=8000)
    frame = browser_page.frame_locator("iframe")

    assert frame.locator("#p").inner_text() == "Unharmed"
    frame.get_by_role("button", name="Send").click()
    assert browser_page.url.startswith(f"{inbox.url}/messages/")

    browser_page.get_by_role("link", name="Dark").click()
    dark = browser_page.frame_locator("iframe").locator("#p")
    assert dark.evaluate("p => getComputedStyle(p).color") == "rgb(1, 2, 3)"

    browser_page.goto(inbox.url)
    browser_page.get_by_text("Delete all").click()
    browser_page.get_by_role("button", name="Yes, delete 1 message").click()
    browser_page.get_by_text("No mail yet").wait_for(timeout=5000)
