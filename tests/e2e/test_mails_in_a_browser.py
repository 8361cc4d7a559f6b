"""Every mail in a real browser: axe-core finds nothing grave, and no phone has to scroll sideways."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from service.emails.rendering import render
from tests.emails.darkness import fully_inverted, partly_inverted
from tests.emails.variants import EVERY
from tests.looks.axe import grave_findings

pytestmark = pytest.mark.browser

PHONE, DESK = 375, 1280


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One that loads nothing, as mail programs do at first."""
    page = browser.new_page(viewport={"width": DESK, "height": 900})
    page.route("**/*", lambda route: route.abort())
    yield page
    page.close()


@pytest.mark.parametrize("name", EVERY)
def test_a_mail_can_be_read_by_everybody(window: Page, name: str) -> None:
    html = render(EVERY[name]).html
    window.emulate_media(color_scheme="light")
    window.set_viewport_size({"width": PHONE, "height": 900})
    window.set_content(html)
    assert window.evaluate("document.documentElement.scrollWidth") == PHONE
    window.set_viewport_size({"width": DESK, "height": 900})
    assert grave_findings(window) == []


@pytest.mark.parametrize("name", ["digest_one_story", "blast"])
def test_a_mail_can_be_read_in_any_darkness(window: Page, name: str) -> None:
    html = render(EVERY[name]).html
    for scheme, seen in (("dark", html), ("light", partly_inverted(html)), ("light", fully_inverted(html))):
        window.emulate_media(color_scheme=scheme)
        window.set_content(seen)
        assert grave_findings(window, only=("color-contrast",)) == []
