"""An operator sends a blast in a real browser: log in, write, look, test, confirm, send, watch it arrive."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from service.blasts import sending
from service.blasts.models import Blast
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import mailings
from service.delivery.models import Mailing, Message
from service.operators import passwords
from service.operators.models import Role
from tests.factories import LINKS, make_newsletter, make_operator, make_subscription
from tests.integration.ops import scenes

PASSWORD = "a quiet harbour town"

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that is closed at the end, and its stream with it."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def console(live: Runtime) -> str:
    return live.settings.base_url


@pytest.fixture
def publication(committing: Sessions) -> str:
    """A newsletter with 312 readers who want announcements, one who does not, and a sender's account."""
    with transaction(committing) as session:
        newsletter = make_newsletter(session, name="The Harbour Courier")
        for _ in range(312):
            make_subscription(session, newsletter, announcements=True)
        make_subscription(session, newsletter, announcements=False)
        operator = make_operator(session, role=Role.SENDER, password_hash=passwords.make_hash(PASSWORD))
        return operator.email


def log_in(page: Page, console: str, email: str) -> None:
    page.goto(f"{console}/console/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def write(page: Page) -> None:
    page.get_by_role("link", name="Blasts", exact=True).click()
    page.get_by_role("link", name="Write a blast").click()
    page.get_by_role("button", name="Continue to the text").click()
    page.get_by_label("Subject").fill("The regatta moves to Sunday")
    page.get_by_label("Text").fill("Because of the **storm**, the regatta moves to Sunday.")
    page.get_by_role("button", name="Save and check").click()


def check(page: Page) -> None:
    expect(page.get_by_text("312 readers of The Harbour Courier")).to_be_visible()
    mail = page.frame_locator("iframe")
    expect(mail.locator("strong")).to_have_text("storm")
    page.get_by_role("link", name="Phone", exact=True).click()
    assert page.locator("iframe").bounding_box()["width"] == 375  # type: ignore[index]  # it is visible
    page.get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("pre")).to_contain_text("the regatta moves to Sunday")
    page.get_by_role("button", name="Send a test to yourself").click()
    expect(page.get_by_role("status").filter(has_text="A test is on its way")).to_be_visible()


def test_an_operator_sends_a_blast(page: Page, console: str, committing: Sessions, publication: str) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    log_in(page, console, publication)
    write(page)
    check(page)
    page.get_by_role("link", name="Continue to sending").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send to 312 readers").dblclick()
    expect(page.locator(".countdown")).to_contain_text(re.compile(r"Goes in \d+ s"))
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("status").filter(has_text="Nobody got it")).to_be_visible()
    page.get_by_role("link", name="Continue to sending").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send to 312 readers").click()
    expect(page.locator(".countdown")).to_be_visible()
    expect(page.locator("[data-live-mark]")).to_have_text("Live")

    # From here on nobody reloads: what workers do shows by itself.
    now = datetime.now(UTC) + timedelta(seconds=61)
    assert sending.start_due(committing, links=LINKS, now=now) == 1
    sending.fan_out(committing, now=now)
    expect(page.locator("[data-part]")).to_contain_text("0 of 312 done", timeout=8000)
    with transaction(committing) as session:
        mailing = session.get_one(Mailing, session.scalars(select(Blast.mailing_id)).one())
        scenes.deliver(session, mailing, at_most=100, now=now)
    expect(page.locator("[data-part]")).to_contain_text("100 of 312 done", timeout=8000)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".big-state")).to_contain_text("paused")
    page.get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Let it go on").click()
    expect(page.locator(".big-state")).to_contain_text("being sent")
    with transaction(committing) as session:
        scenes.deliver(session, session.merge(mailing), at_most=500, now=now)
        mailings.close_finished(session, now=now)
        session.flush()
        sending.finish_done(session, now=now)
    expect(page.locator(".big-state")).to_contain_text("sent", timeout=8000)
    expect(page.locator("[data-part]")).to_contain_text("312 of 312 done", timeout=8000)
    expect(page.locator("[data-part]")).to_contain_text("It adds up")
    with committing() as session:
        kinds = list(session.scalars(select(Message.kind)))
    assert (kinds.count("blast"), kinds.count("blast_test")) == (312, 1)
    assert problems == []


@pytest.mark.parametrize("width", [375, 1280])
def test_no_page_of_the_desk_is_wider_than_its_screen(
    page: Page, console: str, committing: Sessions, publication: str, width: int
) -> None:
    now = datetime.now(UTC)
    with transaction(committing) as session:
        blast = scenes.make_draft(session, readers=3, now=now)
        mailing = scenes.make_mailing(session, scenes.EVERYTHING, now=now)
        message = scenes.messages_of(session, mailing)[0]
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, console, publication)
    for path in (
        "/",
        "/queue/",
        f"/queue/{mailing.id}",
        f"/queue/{mailing.id}/stop",
        "/queue/pause-all",
        "/relays/",
        "/queue/messages/",
        f"/queue/messages/{mailing.id}/{message.id}",
        "/editions/",
        "/blasts/",
        f"/blasts/{blast.id}",
        f"/blasts/{blast.id}/edit",
        f"/blasts/{blast.id}/audience",
        f"/blasts/{blast.id}/plan",
        "/blasts/rules",
        "/blasts/segments/",
        f"/blasts/segments/new?newsletter={blast.newsletter_id}",
        f"/blasts/{blast.id}/send",
    ):
        page.goto(f"{console}/console{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
