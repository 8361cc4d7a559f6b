"""An editor at the desk in a real browser: from the calendar to a story, what a pin would change, the pin."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from service.articles.models import ArticleTopic
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.digests import slots, tallying
from service.digests.models import Curation, CurationKind
from service.operators import passwords
from service.operators.models import Role
from tests.factories import make_article, make_newsletter, make_operator, make_source, make_subscription

PASSWORD = "a quiet harbour town"

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # As it is read with JavaScript off, and on a phone.
    page = browser.new_page(viewport={"width": 375, "height": 800}, java_script_enabled=False)
    yield page
    page.close()


def test_an_editor_finds_a_story_weighs_a_pin_and_pins_it(
    page: Page, live: Runtime, committing: Sessions
) -> None:
    now = datetime.now(UTC)
    with transaction(committing) as session:
        newsletter = make_newsletter(session, name="The Harbour Courier", min_items=1, max_items=2)
        source = make_source(session, newsletter, name="Gazette")
        science, energy = newsletter.topics
        for n, title in enumerate(("Ferry", "Tram", "<b>Crane</b>", "Wind")):
            make_article(session, source, science if n else energy, seq=n + 1, title=title, published_at=now)
        for place in session.scalars(select(ArticleTopic)):
            place.settled_at = now - timedelta(hours=1)
        for _ in range(2):
            reader = make_subscription(session, newsletter, topic_ids=[science.id], explore=False)
            reader.next_due_at = slots.following(reader, after=now)
        tallying.count(session, now=now)
        email = make_operator(session, role=Role.EDITOR, password_hash=passwords.make_hash(PASSWORD)).email
    page.goto(f"{live.settings.base_url}/console/login?next=/console/calendar/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").press("Enter")
    calendar = page.get_by_role("table", name="The Harbour Courier: readers by day and rhythm")
    expect(calendar.get_by_role("link", name="2 readers on").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("link", name="What waits for them").click()
    expect(page.get_by_role("heading", name="1 topic has too little")).to_be_visible()
    page.get_by_role("link", name="Energy").first.click()
    page.get_by_role("link", name="What would a pin change? “Ferry”").press("Enter")
    expect(page.get_by_text("2 more readers would get it")).to_be_visible()
    page.go_back()
    story = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Ferry"))
    story.get_by_text("Pin, raise, lower or exclude").click()
    story.get_by_label("Why").fill("our own investigation")
    story.get_by_label("Ends after").select_option(label="3 days")
    story.get_by_role("button", name="Pin").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(story).to_contain_text("“our own investigation”")
    with committing() as session:
        row = session.scalars(select(Curation)).one()
        assert (row.kind, row.reason) == (CurationKind.PIN, "our own investigation")
        assert row.expires_at < datetime.now(UTC) + timedelta(days=3)
