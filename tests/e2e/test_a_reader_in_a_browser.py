"""Sign up, confirm, change one's mind, leave: with scripts and without."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from service.bootstrap import Runtime
from service.db import transaction
from service.delivery.models import Message
from service.delivery.ports import Ready
from service.newsletters.models import Rhythm
from service.prepare.port import Preparer
from service.subscribers.models import ConsentEvent, LeavingReason, Subscription, SubscriptionState
from tests.factories import make_newsletter
from tests.mails import content_of

pytestmark = pytest.mark.browser

ANN = "ann@example.org"
#: What a person with a mouse needs at least, in CSS pixels (WCAG 2.5.5).
TARGET = 44


@pytest.fixture
def site(live: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    # A driven browser is as quick as the machines that the form asks to press again.
    monkeypatch.setattr("service.subscribers.guard.QUICKEST_SECONDS", 0)
    with transaction(live.sessions) as session:
        make_newsletter(
            session,
            slug="courier",
            name="The Harbour Courier",
            tagline="News from the quay",
            topics=("Science", "Climate", "Business"),
            privacy_url="https://courier.example/privacy",
        )
    return live


def open_browser(browser: Browser, *, scripts: bool, width: int = 375) -> BrowserContext:
    context = browser.new_context(
        java_script_enabled=scripts,
        viewport={"width": width, "height": 800},
        timezone_id="America/New_York",
        locale="en-GB",
    )
    context.set_default_timeout(10_000)
    return context


def latest_mail(site: Runtime) -> str:
    """The text of the newest mail, composed as a worker composes it."""
    with site.sessions() as session:
        message = session.scalars(select(Message).order_by(Message.created_at.desc()).limit(1)).one()
    (answer,) = Preparer(site.sessions, links=site.links, hash_address=site.hash_address)([message])
    assert isinstance(answer, Ready)
    return content_of(answer.mail).text


def link(mail: str, path: str) -> str:
    found = re.search(rf"http://\S+/{path}/\S+", mail)
    assert found, f"no /{path}/ link in the mail"
    return found[0]


def subscription(site: Runtime) -> Subscription:
    with site.sessions() as session:
        return session.scalars(select(Subscription)).one()


def sign_up(page: Page, site: Runtime) -> None:
    page.goto(site.settings.base_url)
    expect(page).to_have_url(re.compile("/n/courier$"))
    page.get_by_label("E-mail address").fill(ANN)
    page.get_by_label("Science").check()
    page.get_by_label("Climate").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")


def drive(page: Page, site: Runtime, *, scripts: bool) -> None:
    """The whole life of a subscription."""
    sign_up(page, site)
    assert subscription(site).state is SubscriptionState.PENDING

    page.goto(link(latest_mail(site), "c"))
    assert subscription(site).state is SubscriptionState.PENDING
    page.get_by_role("button", name="Confirm my subscription").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You’re in")
    assert subscription(site).state is SubscriptionState.ACTIVE

    page.get_by_role("link", name="Change topics, day or hour").click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("A mail every Friday at 07:00, from Science and Climate.")
    with saved(page, "topics", scripts=scripts):
        topics = page.get_by_role("group", name="Topics", exact=True)
        topics.get_by_label("Climate").uncheck()
        topics.get_by_label("Business").check()
    expect(outcome).to_contain_text("from Science and Business.")
    with saved(page, "when", scripts=scripts):
        page.get_by_label("Monthly").check()
        page.get_by_label("On which day").select_option("Monday")
        page.get_by_label("At what time").select_option("18:00")
        page.get_by_label("Time zone").select_option("Europe/Berlin")
    expect(outcome).to_contain_text("A mail on the first Monday of every month at 18:00, from Science")
    with saved(page, "announcements", scripts=scripts):
        page.get_by_label("announcement").check()
    expect(page.locator("#toast")).to_contain_text("Saved.")
    row = subscription(site)
    assert (row.rhythm, row.weekday, row.hour, row.time_zone) == (Rhythm.MONTHLY, 1, 18, "Europe/Berlin")
    assert row.announcements

    with saved(page, "amount", scripts=scripts):
        page.get_by_label("How many articles").select_option("At most 5")
        page.get_by_label("may be from a topic that I did not choose").uncheck()
    page.get_by_text("Leave out topics and sources").click()
    with saved(page, "less", scripts=scripts):
        page.get_by_role("group", name="Never send me").get_by_label("Climate").check()
    expect(page.locator("#toast")).to_contain_text("Articles about Climate do not come any more.")
    row = subscription(site)
    assert (row.max_items, row.explore, len(row.excluded_topic_ids)) == (5, False, 1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("Taken back.")
    assert subscription(site).excluded_topic_ids == []

    until = datetime.now(UTC).date() + timedelta(days=20)
    page.get_by_label("Or until a day").fill(until.isoformat())
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("heading", name="Your mail is paused")).to_be_visible()
    assert subscription(site).paused_until == until
    page.get_by_role("button", name="Send me mail again now").click()
    expect(page.get_by_role("heading", name="Going away?")).to_be_visible()

    assert ANN not in page.content()
    page.get_by_role("button", name="Mail me the link").click()
    expect(page.locator("#toast")).to_contain_text("We have mailed you a link.")
    page.goto(link(latest_mail(site), "m"))
    expect(page.get_by_text(ANN)).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download my data").click()
    assert taken.value.suggested_filename == "my-data.json"
    assert ANN in taken.value.path().read_text(encoding="utf-8")

    page.goto(site.links.unsubscribe(subscription_id=row.id, mailing_id=1))
    assert subscription(site).state is SubscriptionState.ACTIVE
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left The Harbour Courier")
    assert subscription(site).state is SubscriptionState.UNSUBSCRIBED
    page.get_by_role("button", name="Undo: keep me subscribed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are still a reader")
    assert subscription(site).announcements
    page.goto(site.links.unsubscribe(subscription_id=row.id, mailing_id=1))
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_label("Too many mails").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you for telling us.")).to_be_visible()
    assert subscription(site).left_because is LeavingReason.TOO_MANY


@contextmanager
def saved(page: Page, part: str, *, scripts: bool) -> Iterator[None]:
    """What is changed inside is saved: by itself, or by the button of its part."""
    if not scripts:
        yield
        page.locator(f"button[name=part][value={part}]").click()
        return
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        yield


def test_a_reader_signs_up_confirms_changes_and_leaves(browser: Browser, site: Runtime) -> None:
    context = open_browser(browser, scripts=True)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
    drive(page, site, scripts=True)
    context.close()
    # Nothing was blocked by our own content policy, and nothing was missing.
    assert troubles == []


def test_the_same_without_scripts(browser: Browser, site: Runtime) -> None:
    context = open_browser(browser, scripts=False, width=1280)
    drive(context.new_page(), site, scripts=False)
    context.close()
    with site.sessions() as session:
        asked = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id).limit(1)).one()
    # Nobody guessed: the newsletter's own zone stood in the form.
    assert asked.details["time_zone"] == "UTC"


def test_the_browser_guesses_the_time_zone(browser: Browser, site: Runtime) -> None:
    context = open_browser(browser, scripts=True)
    page = context.new_page()
    sign_up(page, site)
    assert subscription(site).time_zone == "America/New_York"
    context.close()


def test_a_scanner_with_scripts_that_opens_every_link_changes_nothing(
    browser: Browser, site: Runtime
) -> None:
    context = open_browser(browser, scripts=True)
    page = context.new_page()
    sign_up(page, site)
    mail = latest_mail(site)
    for url in re.findall(r"http://127\S+", mail):
        page.goto(url)
        page.mouse.move(50, 50)
        page.wait_for_timeout(300)
        with urlopen(Request(url, method="HEAD")) as answer:  # our own server
            assert answer.status == 200
    assert subscription(site).state is SubscriptionState.PENDING
    context.close()


def test_a_mistake_is_shown_in_place_and_can_be_mended(browser: Browser, site: Runtime) -> None:
    context = open_browser(browser, scripts=True)
    page = context.new_page()
    page.goto(site.links.newsletter("courier"))
    page.get_by_label("E-mail address").fill("ann at example")
    page.get_by_label("Climate").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter an e-mail address like name@example.org.")
    address = page.get_by_label("E-mail address")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_have_accessible_description("Enter an e-mail address like name@example.org.")
    expect(page.get_by_label("Climate")).to_be_checked()
    address.fill(ANN)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    context.close()


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_pages_fit_the_screen_and_fingers(browser: Browser, site: Runtime, width: int) -> None:
    context = open_browser(browser, scripts=True, width=width)
    page = context.new_page()
    page.goto(site.links.newsletter("courier"))
    expect(page.get_by_label("How many are enough")).to_be_hidden()
    # The rhythm with most to choose.
    page.get_by_label("When enough waits").check()
    # It has no day of its own: nothing is asked that changes nothing.
    expect(page.get_by_label("On which day")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("Science", "Climate", "Business"):
        box = page.locator("label.chip", has_text=name).bounding_box()
        assert box is not None
        assert box["height"] >= TARGET
    for selector in ("button:not(.trap)", "select", "input[type=email]", ".segment"):
        shown = page.locator(selector).locator("visible=true").all()
        assert shown, selector
        for element in shown:
            box = element.bounding_box()
            assert box is not None
            assert box["height"] >= TARGET, selector
    context.close()


def test_the_form_can_be_filled_in_with_the_keyboard_alone(browser: Browser, site: Runtime) -> None:
    context = open_browser(browser, scripts=True, width=1280)
    page = context.new_page()
    page.goto(site.links.newsletter("courier"))
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(ANN)
    page.keyboard.press("Tab")
    # The hidden trap is not on the way: the next stop is the first topic.
    expect(page.get_by_label("Science")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    assert len(subscription(site).topic_ids) == 1
    context.close()
