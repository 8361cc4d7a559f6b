"""The console with a keyboard alone: every stop is seen, none is a trap, and live parts disturb nobody."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from service.blasts.models import Blast, BlastState
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import holds, mailings
from service.delivery.models import Mailing
from service.operators import passwords
from service.operators.models import Role
from tests.factories import make_newsletter, make_operator, make_subscription
from tests.integration.ops.scenes import EVERYTHING, make_mailing

PASSWORD = "a quiet harbour town"
STOPS = 90
#: What has the focus: its words or label, and whether one sees that it has it.
FOCUS = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  return {
    words: (at.labels?.[0]?.textContent || at.textContent || at.value || "").replace(/\\s+/g, " ").trim(),
    id: at.id,
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && at.checkVisibility(),
  };
}"""

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def mailing(committing: Sessions) -> Mailing:
    with transaction(committing) as session:
        newsletter = make_newsletter(session, name="The Harbour Courier")
        make_subscription(session, newsletter, email="ann.lee@example.org", announcements=True)
        return make_mailing(session, EVERYTHING, now=datetime.now(UTC), newsletter=newsletter)


def log_in(page: Page, live: Runtime, committing: Sessions, target: str) -> None:
    with transaction(committing) as session:
        operator = make_operator(session, role=Role.SENDER, password_hash=passwords.make_hash(PASSWORD))
        email = operator.email
    page.goto(f"{live.settings.base_url}/console/login?next={target}")
    # The browser moves the focus there by itself, a moment after the page has loaded.
    page.wait_for_function("document.hasFocus() && document.activeElement.name === 'email'")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    follow(page)


def change_mailing(sessions: Sessions, mailing: Mailing, change: Callable[..., None]) -> None:
    with transaction(sessions) as session:
        change(session, mailing.id, now=datetime.now(UTC))


def follow(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def reach(page: Page, words: str) -> None:
    """Press Tab until what says so has the focus; every stop on the way must be seen, and be left again."""
    before = None
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if not stop["words"] and stop == before:
            continue
        assert stop["seen"], f"nobody sees that the focus is at {stop}"
        if stop["words"].startswith(words):
            return
        before = stop
    raise AssertionError(f"the keyboard does not reach {words!r}")


def press(page: Page, words: str) -> None:
    reach(page, words)
    follow(page)


def test_everything_is_held_and_released_and_live_parts_take_nothing_away(
    page: Page, live: Runtime, committing: Sessions, mailing: Mailing
) -> None:
    log_in(page, live, committing, "/console/queue/")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["words"] == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    # Somebody types into a part while its numbers change.
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    reach(page, "Pace of another domain")
    page.keyboard.type("slow.exam")
    change_mailing(committing, mailing, mailings.pause)
    expect(page.locator(f"#resume-{mailing.id}")).to_be_visible(timeout=10_000)
    page.keyboard.type("ple")
    assert page.evaluate("document.activeElement.value") == "slow.example"

    # Somebody marks a text; an alert that is there already stays the same one, and is not read again.
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#now dt'))")
    page.evaluate("document.querySelectorAll('[data-part] *').forEach((each) => { each.known = true })")
    change_mailing(committing, mailing, mailings.resume)
    expect(page.locator(f"#pause-{mailing.id}")).to_be_visible(timeout=10_000)
    assert page.evaluate("String(getSelection())") == "Sending now"
    alerts = "[...document.querySelectorAll('[data-part] [role=alert]')]"
    assert page.evaluate(f"{alerts}.filter((each) => !each.known).length") == 0

    page.locator("#main").focus()
    press(page, "Hold everything")
    press(page, "Hold everything")
    expect(page.get_by_text("All digests and blasts are held")).to_be_visible()
    with committing() as session:
        assert holds.find(session) is not None
    press(page, "Release everything")
    expect(page.get_by_role("status").filter(has_text="Released")).to_be_visible()
    with committing() as session:
        assert holds.find(session) is None


def test_a_blast_is_written_scheduled_and_taken_back_and_a_reader_found(
    page: Page, live: Runtime, committing: Sessions, mailing: Mailing
) -> None:
    log_in(page, live, committing, "/console/blasts/")
    press(page, "Write a blast")
    press(page, "Continue to the text")
    reach(page, "Subject")
    page.keyboard.type("The regatta moves to Sunday")
    reach(page, "Text")
    page.keyboard.type("Because of the storm.")
    press(page, "Save and check")
    expect(page.get_by_role("heading", name="The regatta moves to Sunday")).to_be_visible()
    press(page, "Continue to sending")
    press(page, "Continue")
    press(page, "Send to 1 reader")
    expect(page.locator(".countdown")).to_be_visible()
    press(page, "Take it back")
    expect(page.get_by_role("status").filter(has_text="Nobody got it")).to_be_visible()
    with committing() as session:
        assert session.scalars(select(Blast.state)).all() == [BlastState.DRAFT]

    press(page, "Readers")
    reach(page, "Address")
    page.keyboard.type("ann.lee@example.org")
    follow(page)
    press(page, "ann.lee@example.org")
    expect(page.get_by_role("heading", name="ann.lee@example.org")).to_be_visible()
