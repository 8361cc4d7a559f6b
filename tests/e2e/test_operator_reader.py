"""An operator serves a reader in a real browser: finds them, pauses them, sees it, erases them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import passwords
from service.operators.models import Role
from tests.factories import make_newsletter, make_operator, make_subscription

PASSWORD = "a quiet harbour town"

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    yield page
    page.close()


def test_a_reader_who_writes_in_is_served(page: Page, live: Runtime, committing: Sessions) -> None:
    with transaction(committing) as session:
        newsletter = make_newsletter(session, name="The Harbour Courier")
        make_subscription(session, newsletter, email="ann.lee@example.org")
        operator = make_operator(session, role=Role.EDITOR, password_hash=passwords.make_hash(PASSWORD))
        email = operator.email
    page.goto(f"{live.settings.base_url}/console/login?next=/console/readers/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("searchbox", name="Address").fill("ann")
    page.get_by_role("searchbox", name="Address").press("Enter")
    page.get_by_role("link", name="ann.lee@example.org").click()
    page.get_by_text("Pause…").press("Enter")
    until = page.get_by_label("Mail comes again on")
    until.fill(until.get_attribute("min") or "")
    page.get_by_label("Why").first.fill("away, says her mail")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".timeline li").first).to_contain_text("away, says her mail")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("link", name="Erase…").click()
    page.get_by_label("Type the address").fill("ann.lee@example.org")
    page.get_by_label("Why").fill("asked for it")
    page.get_by_role("button", name="Erase for ever").click()
    expect(page.get_by_role("status")).to_contain_text("Erased.")
    expect(page.get_by_role("heading", name="Nobody here")).to_be_visible()
