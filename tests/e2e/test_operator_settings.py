"""An operator who doubts whether mail can leave: checks the relay and copies a record, by keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import passwords
from service.operators.models import Role
from tests.e2e.test_operator_queue import PASSWORD, reach
from tests.factories import make_newsletter, make_operator

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


def test_a_dead_relay_is_found_and_a_record_is_copied(
    live: Runtime, committing: Sessions, page: Page
) -> None:
    with transaction(committing) as session:
        make_newsletter(session)
        email = make_operator(session, role=Role.SENDER, password_hash=passwords.make_hash(PASSWORD)).email
    base = live.settings.base_url
    page.goto(f"{base}/console/login?next=/console/settings/")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="127.0.0.1:1").click()

    # Nobody listens on port 1: the check says at which step it ended, and what to do.
    reach(page, "check-relay")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_role("listitem").filter(has_text="failed")).to_contain_text("port 1")

    page.goto(f"{base}/console/settings/dns/")
    page.get_by_role("link", name="courier.example").click()
    name = page.get_by_text("_dmarc.courier.example", exact=True)
    expect(name).to_be_visible()
    page.locator('[data-copy="dmarc1-value"]').press("Enter")
    expect(page.locator('[data-copy="dmarc1-value"]')).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("v=DMARC1; p=none")
