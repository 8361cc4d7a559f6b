"""A browser that is given its pages by the application in this process: no server, nothing else to reach."""

from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit
from zlib import crc32

from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route
from werkzeug.test import TestResponse

from service.demo.pictures import draw_picture
from service.demo.scenes import SCENES

HOME = "http://localhost:8000"
_SHOWN = "/shown"


@dataclass
class Screen:
    """One window. `foreign` are the addresses of other hosts that pages asked for."""

    browser: Browser
    client: FlaskClient
    foreign: list[str] = field(default_factory=list)
    #: Beginnings of paths that answer nothing: a stream would keep its asker for minutes.
    silent: tuple[str, ...] = ()
    #: Run at the beginning of every document; the page's policy does not reach it.
    script: str = ""
    _shown: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    _static: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    _page: Page | None = None

    def show(self, response: TestResponse) -> Page:
        """Open an answer of the application as a browser would."""
        self._shown = (response.status_code, dict(response.headers), response.data)
        self.page.goto(f"{HOME}{_SHOWN}")
        return self.page

    def show_html(self, html: str) -> Page:
        """Open a mail."""
        self._shown = (200, {"Content-Type": "text/html; charset=utf-8"}, html.encode())
        self.page.goto(f"{HOME}{_SHOWN}")
        return self.page

    def be(self, *, width: int, dark: bool = False) -> None:
        """Take on a width and a scheme; what is shown follows."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme="dark" if dark else "light")

    @property
    def page(self) -> Page:
        if self._page is None:
            self._page = self.browser.new_page(reduced_motion="reduce")
            self._page.route("**/*", self._answer)
            if self.script:
                self._page.add_init_script(self.script)
        return self._page

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if not url.startswith(HOME):
            self.foreign.append(url)
            if route.request.resource_type == "image":
                route.fulfill(body=_photograph(url), content_type="image/png")
            else:
                route.abort()
            return
        path = urlsplit(url).path
        if path.startswith(self.silent):
            route.fulfill(status=204)
            return
        status, headers, body = self._shown if path == _SHOWN else self._fetch(url.removeprefix(HOME))
        route.fulfill(status=status, headers=headers, body=body)

    def _fetch(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Ask the application; a browser whose requests are answered here keeps no cache of its own."""
        if path in self._static:
            return self._static[path]
        with self.client.get(path) as answer:
            fetched = answer.status_code, dict(answer.headers), answer.data
        if path.startswith("/static/"):
            self._static[path] = fetched
        return fetched


@lru_cache(maxsize=32)
def _photograph(url: str) -> bytes:
    """What the publisher's site would have sent: a mail full of broken pictures cannot be judged."""
    scenes = sorted(SCENES)
    number = crc32(url.encode())
    return draw_picture(f"{scenes[number % len(scenes)]}-{number}")
