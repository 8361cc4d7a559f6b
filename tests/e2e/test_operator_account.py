"""An operator in a real browser: a passkey instead of the password, and a blast that outlives its login."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from service.blasts.models import Blast
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import passwords
from service.operators.models import OperatorSession, Passkey, Role
from tests.factories import make_newsletter, make_operator

PASSWORD = "a quiet harbour town"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser with a passkey of its own, which says yes to everything."""
    context = browser.new_context()
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    context.close()


@pytest.fixture
def editor(committing: Sessions) -> str:
    with transaction(committing) as session:
        make_newsletter(session)
        operator = make_operator(session, role=Role.EDITOR, password_hash=passwords.make_hash(PASSWORD))
        return operator.email


def add_passkey(page: Page, console: str, email: str) -> None:
    page.goto(f"{console}/console/login?next=/console/account/second-factor/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_label("Name of the passkey").fill("laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these ten codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)


def test_a_blast_outlives_its_login_and_a_passkey_brings_its_author_back(
    page: Page, live: Runtime, committing: Sessions, editor: str
) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    console = live.settings.base_url
    add_passkey(page, console, editor)
    page.goto(f"{console}/console/blasts/new")
    page.get_by_role("button", name="Continue to the text").click()
    page.get_by_label("Subject").fill("The regatta moves")
    page.get_by_label("Text").fill("Because of the **storm**.\n\nSee you on Sunday.")
    with transaction(committing) as session:
        then = datetime.now(UTC) - timedelta(minutes=31)
        session.execute(update(OperatorSession).values(last_seen_at=then))

    page.get_by_role("button", name="Save and check").click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("heading", name="What you typed is kept")).to_be_visible()
    page.get_by_role("button", name="Go on with this form").click()
    expect(page.get_by_role("heading", name="The regatta moves")).to_be_visible()

    with committing() as session:
        [blast] = session.scalars(select(Blast))
        assert blast.body_markdown.splitlines() == ["Because of the **storm**.", "", "See you on Sunday."]
        assert session.scalars(select(Passkey.sign_count)).one() > 0
    assert problems == []


def test_no_page_of_accounts_is_wider_than_a_phone(page: Page, live: Runtime, editor: str) -> None:
    console = live.settings.base_url
    page.set_viewport_size({"width": 375, "height": 800})
    add_passkey(page, console, editor)
    for path in (
        "account/",
        "account/second-factor/",
        "account/second-factor/app",
        "audit/",
        "forgotten",
        "confirm",
    ):
        page.goto(f"{console}/console/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
