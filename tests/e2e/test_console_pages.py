"""Every page of the console: axe finds nothing grave, whatever the width and the scheme."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from service import bootstrap
from service.app import create_app
from service.db import transaction
from service.settings import Settings
from tests.conftest import RecordingDispatcher
from tests.looks.axe import grave_findings
from tests.looks.console_pages import NO_PAGE, PAGES, ConsolePage
from tests.looks.desk import Desk, sit_down
from tests.looks.drafts import PICTURE
from tests.looks.screen import Screen
from tests.looks.world import build

pytestmark = pytest.mark.browser

#: What changes with the scheme, and with nothing else.
COLOURS = ("color-contrast", "link-in-text-block")
#: A page of fewer would be a page that a script has to fill.
LEAST_WORDS = 6
#: What is left of 1280 pixels at 400 % (WCAG 1.4.10).
REFLOW = 320
#: What screen readers go by, beyond what axe calls grave.
STRUCTURE = """() => {
  const found = [];
  const say = (words, element) => found.push(words + ": " + element.outerHTML.slice(0, 120));
  const seen = (element) => element.checkVisibility();
  const heads = [...document.querySelectorAll("h1, h2, h3, h4")].filter(seen);
  if (heads.filter((head) => head.tagName === "H1").length !== 1) found.push("not one h1");
  const inside = heads.filter((head) => head.closest("main"));
  inside.forEach((head, place) => {
    const before = place ? Number(inside[place - 1].tagName[1]) : 0;
    if (Number(head.tagName[1]) > before + 1) say("a level is left out", head);
  });
  for (const table of document.querySelectorAll("table")) if (!table.caption) say("no caption", table);
  for (const head of document.querySelectorAll("th:not([scope])")) say("no scope", head);
  const first = document.querySelector("a")?.getAttribute("href");
  if (document.querySelector(".frame") && first !== "#main") found.push("no skip link");
  return found;
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def desk(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One console for all pages; whatever is written is rolled back."""
    settings = Settings(
        database_url="postgresql://unused/unused",
        redis_url="redis://127.0.0.1:1/0",
        public_url="http://localhost:8000",
        secret_key="a key that is only ever used in tests",
        smtp_url="smtp://127.0.0.1:1",
        BROADSHEET_DATA=tmp_path_factory.mktemp("data"),
    )
    with engine.connect() as connection:
        outer = connection.begin()
        sessions = sessionmaker(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        runtime = bootstrap.build(settings).with_(sessions=sessions, dispatcher=RecordingDispatcher())
        with transaction(sessions) as session:
            newsletter = build(session, locale="en")
        yield sit_down(runtime, create_app(runtime).test_client(), newsletter.id)
        outer.rollback()


@pytest.fixture(scope="module")
def screen(browser: Browser, desk: Desk) -> Screen:
    return Screen(browser, desk.client, silent=("/console/live/",), script=AXE_SCRIPT)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_axe_finds_nothing_grave_and_nothing_sticks_out(
    screen: Screen, desk: Desk, page: ConsolePage
) -> None:
    screen.be(width=1280)
    shown = screen.show(page.visit(desk))
    found = _look(shown, "1280 light") + shown.evaluate(STRUCTURE)
    screen.be(width=REFLOW, dark=True)
    found += _look(shown, "at 400 %, dark", only=COLOURS)
    assert found == []
    assert set(screen.foreign) <= {PICTURE}, "a mail in its frame may show its pictures; a page asks nobody"


def test_every_route_of_the_console_has_a_page_to_look_at(desk: Desk) -> None:
    app = desk.client.application
    routes = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("console_") and "GET" in (rule.methods or ())
    }
    assert len(routes) > 60
    assert routes - {page.endpoint for page in PAGES} - NO_PAGE.keys() == set()
    assert {page.endpoint for page in PAGES} | NO_PAGE.keys() <= routes


def test_without_javascript_no_page_is_empty_and_no_control_does_nothing(desk: Desk) -> None:
    found, hostile = [], 0
    for page in PAGES:
        controls = Controls()
        markup = page.visit(desk).text
        controls.feed(markup)
        # What feeds and relays say is text.
        assert "<script>alert" not in markup
        hostile += "&lt;script&gt;alert" in markup
        found += [f"{page.name}: {each}" for each in controls.dead]
        if controls.words < LEAST_WORDS:
            found.append(f"{page.name}: {controls.words} words")
    assert found == []
    assert hostile >= 10


class Controls(HTMLParser):
    """Reads a page as a browser does that runs no script; `dead` are the controls that lead nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.dead: list[str] = []
        self.words = 0
        self._form = self._in_main = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        self._in_main |= tag == "main"
        self._form |= tag == "form"
        if "hidden" in has or "disabled" in has:
            return
        if tag == "form":
            works = has.get("method") in {"get", "post"}
        elif tag == "button":
            works = "popovertarget" in has or (has.get("type") == "submit" and (self._form or "form" in has))
        elif tag in {"input", "select", "textarea"}:
            works = self._form or "form" in has or "readonly" in has
        else:
            works = tag != "a" or bool(has.get("href"))
        if not works:
            self.dead.append(f"<{tag} {has}>")

    def handle_endtag(self, tag: str) -> None:
        self._in_main &= tag != "main"
        self._form &= tag != "form"

    def handle_data(self, data: str) -> None:
        self.words += len(data.split()) if self._in_main else 0


def _look(page: Page, where: str, *, only: tuple[str, ...] = ()) -> list[str]:
    return [f"{where}: {finding}" for finding in grave_findings(page, only=only)] + _wider(page, where)


def _wider(page: Page, where: str) -> list[str]:
    wider = page.evaluate(OVERFLOW)
    return [f"{where}: the page is {wider} px wider than its window"] if wider else []
