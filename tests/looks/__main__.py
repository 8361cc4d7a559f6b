"""`python -m tests.looks FOLDER [NAME ...]`: photographs every page and mail that readers see, for people.

At 375, 768 and 1280 pixels, light and dark, left to right and right to left; mails also without pictures and
as a mail program shows them that inverts all colours by force.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from service import bootstrap
from service.app import create_app
from service.bootstrap import Runtime
from service.db import transaction
from service.emails.rendering import render
from service.embedded.postgres import EmbeddedPostgres
from service.migrations import schema
from service.settings import Settings
from tests.conftest import RecordingDispatcher
from tests.e2e.conftest import CHROMIUM, SWITCHES
from tests.emails.variants import EVERY
from tests.looks.pages import PAGES
from tests.looks.screen import Screen
from tests.looks.world import LOCALES, World, build

WIDTHS = (375, 768, 1280)
#: What "force dark" does, about: everything is inverted, pictures are turned back.
INVERTED = "html, img { filter: invert(1) hue-rotate(180deg) } html { background: #fefefe }"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.looks", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only these pages or mails")
    parser.add_argument("--width", dest="widths", type=int, action="append")
    options = parser.parse_args()
    options.widths = options.widths or list(WIDTHS)
    options.folder.mkdir(parents=True, exist_ok=True)
    with application() as runtime, browser() as chromium:
        screen = Screen(chromium, create_app(runtime).test_client())
        count = _pages(screen, runtime, options) + _mails(screen, options)
    sys.stdout.write(f"{count} photographs in {options.folder}\n")


def _pages(screen: Screen, runtime: Runtime, options: argparse.Namespace) -> int:
    count = 0
    with transaction(runtime.sessions) as session:
        newsletters = [build(session, locale=locale) for locale in LOCALES]
    for newsletter in newsletters:
        world = World(screen.client, runtime, newsletter)
        for page in PAGES:
            if options.names and page.name not in options.names:
                continue
            screen.show(page.visit(world))
            count += photograph(screen, options, f"{page.name}-{newsletter.locale}")
    return count


def _mails(screen: Screen, options: argparse.Namespace) -> int:
    count = 0
    for name, letter in EVERY.items():
        if options.names and f"mail-{name}" not in options.names:
            continue
        html = render(letter).html
        screen.show_html(html)
        count += photograph(screen, options, f"mail-{name}")
        screen.be(width=options.widths[0])
        screen.page.add_style_tag(content=INVERTED)
        count += _keep(screen, options.folder / f"mail-{name}-inverted.png")
        screen.show_html(html.replace("<img ", '<img hidden="until-found" '))
        count += _keep(screen, options.folder / f"mail-{name}-no-images.png")
    return count


def photograph(screen: Screen, options: argparse.Namespace, name: str) -> int:
    for width in options.widths:
        for dark in (False, True):
            screen.be(width=width, dark=dark)
            _keep(screen, options.folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
    return 2 * len(options.widths)


def _keep(screen: Screen, path: Path) -> int:
    screen.page.screenshot(path=path, full_page=True)
    return 1


@contextmanager
def application() -> Iterator[Runtime]:
    with tempfile.TemporaryDirectory(prefix="bs-looks-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = EmbeddedPostgres(folder / "postgres", settings={"fsync": "off", "full_page_writes": "off"})
        with server.running() as url:
            schema.upgrade(url)
            settings = Settings(
                database_url=url,
                redis_url="redis://127.0.0.1:1/0",
                public_url="http://localhost:8000",
                secret_key="a key that is only ever used to look",
                smtp_url="smtp://127.0.0.1:1",
                BROADSHEET_DATA=folder,
            )
            runtime = bootstrap.build(settings).with_(dispatcher=RecordingDispatcher())
            yield runtime
            runtime.engine.dispose()


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


if __name__ == "__main__":
    main()
