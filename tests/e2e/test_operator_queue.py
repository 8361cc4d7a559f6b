"""An operator at the queue with a keyboard alone: pauses a mailing, and sees by itself what others do."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import mailings
from service.delivery.models import Mailing, MailingState
from service.operators import passwords
from service.operators.models import Role
from tests.factories import make_operator
from tests.integration.ops.scenes import EVERYTHING, make_mailing

PASSWORD = "a quiet harbour town"

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def reach(page: Page, element_id: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.id") == element_id:
            return
    raise AssertionError(f"the keyboard does not reach {element_id}")


def test_a_mailing_is_paused_by_keyboard_and_the_page_shows_it_live(
    live: Runtime, committing: Sessions, page: Page
) -> None:
    with transaction(committing) as session:
        mailing = make_mailing(session, EVERYTHING, now=datetime.now(UTC))
        email = make_operator(session, role=Role.SENDER, password_hash=passwords.make_hash(PASSWORD)).email
    page.goto(f"{live.settings.base_url}/console/login?next=/console/queue/")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Queue", exact=True)).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()

    reach(page, f"pause-{mailing.id}")
    # Parts of the page are replaced every second; the focus stays where it is.
    page.wait_for_timeout(2500)
    assert page.evaluate("document.activeElement?.id") == f"pause-{mailing.id}"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Paused.")).to_be_visible()
    with committing() as session:
        assert session.get_one(Mailing, mailing.id).state is MailingState.PAUSED

    page.goto(f"{live.settings.base_url}/console/queue/")
    expect(page.locator(f"#resume-{mailing.id}")).to_be_visible()
    with transaction(committing) as session:
        mailings.resume(session, mailing.id, now=datetime.now(UTC))
    expect(page.locator(f"#pause-{mailing.id}")).to_be_visible(timeout=10_000)
