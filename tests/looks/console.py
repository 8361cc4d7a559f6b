"""`python -m tests.looks.console FOLDER [NAME ...]`: photographs every page of the console, for people.

At 375, 768 and 1280 pixels, light and dark.
"""

import argparse
import sys
from pathlib import Path

from service.app import create_app
from service.db import transaction
from tests.looks.__main__ import WIDTHS, application, browser, photograph
from tests.looks.console_pages import PAGES
from tests.looks.desk import sit_down
from tests.looks.screen import Screen
from tests.looks.world import build


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.looks.console", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only these pages")
    parser.add_argument("--width", dest="widths", type=int, action="append")
    options = parser.parse_args()
    options.widths = options.widths or list(WIDTHS)
    options.folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with application() as runtime, browser() as chromium:
        with transaction(runtime.sessions) as session:
            newsletter_id = build(session, locale="en").id
        desk = sit_down(runtime, create_app(runtime).test_client(), newsletter_id)
        screen = Screen(chromium, desk.client, silent=("/console/live/",))
        for page in PAGES:
            if not options.names or page.name in options.names:
                screen.show(page.visit(desk))
                count += photograph(screen, options, page.name)
    sys.stdout.write(f"{count} photographs in {options.folder}\n")


if __name__ == "__main__":
    main()
