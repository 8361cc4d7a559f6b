"""Writing a blast in a real browser: the preview follows the typing, blocks are dragged, nothing is lost."""

import pytest
from playwright.sync_api import Browser, Page, expect

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import passwords
from service.operators.models import Role
from tests.e2e.test_operator_blast import PASSWORD, log_in
from tests.factories import make_article, make_newsletter, make_operator, make_source, make_subscription

pytestmark = pytest.mark.browser


@pytest.fixture
def email(committing: Sessions) -> str:
    with transaction(committing) as session:
        newsletter = make_newsletter(session)
        make_subscription(session, newsletter, announcements=True)
        make_article(session, make_source(session, newsletter), title="Forty years of dumplings")
        return make_operator(session, role=Role.SENDER, password_hash=passwords.make_hash(PASSWORD)).email


def open_draft(page: Page) -> None:
    page.get_by_role("link", name="Blasts", exact=True).click()
    page.get_by_role("link", name="Write a blast").click()
    page.get_by_role("button", name="Continue to the text").click()
    page.get_by_label("Subject").fill("Open house")
    page.get_by_label("Text", exact=True).fill("You read {{ topics | everything }}.")
    page.get_by_role("button", name="Save and check").click()
    page.get_by_role("link", name="Change the text").click()


def test_a_blast_is_put_together_from_blocks_and_seen_as_it_is_typed(
    browser: Browser, live: Runtime, email: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    log_in(page, live.settings.base_url, email)
    open_draft(page)
    mail = page.frame_locator('iframe[name="typed-preview"]')
    entries = page.evaluate("history.length")
    page.get_by_label("Text", exact=True).fill("Come and **see**.")
    expect(mail.locator("strong")).to_have_text("see")
    assert page.evaluate("history.length") == entries

    page.get_by_role("button", name="Quote", exact=True).click()
    page.get_by_label("Words", exact=True).fill("It was late.")
    page.get_by_label("An article, by words of its title").fill("dumplings")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add Forty years of dumplings").click()
    expect(mail.locator("h3")).to_have_text("Forty years of dumplings")
    names = page.locator(".block-name")
    names.nth(1).drag_to(page.locator(".block").first, target_position={"x": 40, "y": 4})
    expect(names).to_have_text(["1 · Article", "2 · Quote"])
    expect(page.get_by_role("button", name="Move down: block 2, quote")).to_be_disabled()
    page.get_by_label("Subject").press("Enter")

    expect(page.get_by_role("heading", name="The mail")).to_be_visible()
    seen = page.frame_locator("iframe.mail-frame")
    order = seen.locator("h3, blockquote")
    expect(order).to_have_text(["Forty years of dumplings", "It was late."])
    assert problems == []
    page.close()
