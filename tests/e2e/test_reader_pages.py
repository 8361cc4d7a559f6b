"""Every page that readers see: axe finds nothing grave, whatever the width, scheme and direction."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from service import bootstrap
from service.app import create_app
from service.db import transaction
from service.settings import Settings
from tests.conftest import RecordingDispatcher
from tests.looks.axe import grave_findings
from tests.looks.pages import NO_PAGE, PAGES, ReaderPage
from tests.looks.screen import Screen
from tests.looks.world import LOCALES, World, build

pytestmark = pytest.mark.browser

#: What changes with the scheme, and with nothing else.
COLOURS = ("color-contrast", "link-in-text-block")
#: What is left of 1280 pixels at 400 % (WCAG 1.4.10).
REFLOW = 320
#: In no browser may a page be wider than its window.
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def worlds(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """A newsletter in each direction, for all pages; whatever they write is rolled back."""
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
        client = create_app(runtime).test_client()
        with transaction(sessions) as session:
            newsletters = {locale: build(session, locale=locale) for locale in LOCALES}
        yield {locale: World(client, runtime, row) for locale, row in newsletters.items()}
        outer.rollback()


@pytest.fixture(scope="module")
def screen(browser: Browser, worlds: dict[str, World]) -> Screen:
    return Screen(browser, worlds["en"].client)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_axe_finds_nothing_grave_and_nothing_sticks_out(
    screen: Screen, worlds: dict[str, World], page: ReaderPage
) -> None:
    found = []
    # Every pair of width, scheme and direction is seen, in two loads instead of eight.
    for locale, first in (("en", 375), ("ar", 1280)):
        screen.be(width=first)
        shown = screen.show(page.visit(worlds[locale]))
        assert shown.get_attribute("html", "dir") == ("rtl" if locale == "ar" else "ltr")
        found += _look(shown, f"{locale} {first} light")
        second = 1280 if first == 375 else 375
        screen.be(width=second, dark=True)
        found += _look(shown, f"{locale} {second} dark", only=COLOURS)
        screen.be(width=REFLOW)
        found += _wider(shown, f"{locale} at 400 %")
    assert found == []
    assert screen.foreign == []


def test_every_route_of_readers_has_a_page_to_look_at(worlds: dict[str, World]) -> None:
    app = worlds["en"].client.application
    readers = {name for name, one in app.blueprints.items() if ".readers." in one.import_name}
    routes = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in readers and "GET" in (rule.methods or ())
    }
    assert len(routes) > 8
    assert routes - {page.endpoint for page in PAGES} - NO_PAGE.keys() == set()
    assert {page.endpoint for page in PAGES} | NO_PAGE.keys() <= app.view_functions.keys()


def test_what_is_chosen_can_be_told_where_the_system_sets_the_colours(
    screen: Screen, worlds: dict[str, World]
) -> None:
    screen.be(width=1280)
    shown = screen.show(next(page for page in PAGES if page.name == "sign-up").visit(worlds["en"]))
    shown.emulate_media(forced_colors="active")
    try:
        weekly, daily = (
            shown.locator(f".segment:has([value={value}]) span").evaluate(
                "e => getComputedStyle(e).outlineStyle"
            )
            for value in ("weekly", "daily")
        )
        assert (weekly, daily) == ("solid", "none")
        tick = shown.locator(".chip input").first
        assert tick.evaluate("e => getComputedStyle(e).appearance") == "auto"
        button = shown.get_by_role("button", name="Sign up")
        assert button.evaluate("e => getComputedStyle(e).borderStyle") == "solid"
    finally:
        shown.emulate_media(forced_colors="none")


def _look(page: Page, where: str, *, only: tuple[str, ...] = ()) -> list[str]:
    return [f"{where}: {finding}" for finding in grave_findings(page, only=only)] + _wider(page, where)


def _wider(page: Page, where: str) -> list[str]:
    wider = page.evaluate(OVERFLOW)
    return [f"{where}: the page is {wider} px wider than its window"] if wider else []
