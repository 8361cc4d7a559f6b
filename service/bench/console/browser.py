"""An operator's browser, as far as a benchmark needs one: cookies, forms, and a number on every request."""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode

from service.bench.console import forms
from service.bench.console.watching import NUMBER, PLANS
from service.bench.plan import BenchmarkError

_SECONDS = 120
_LOGIN, _ACCOUNT, _TOKEN = "/console/login", "/console/account/", "csrf_token"
_LINK = re.compile(r"""(?:href|src|action|hx-get|data-[\w-]+)=["'](/console/[^"'#]*)""")


@dataclass(frozen=True, slots=True)
class Page:
    """An answer; `number` is what the web server wrote it down under."""

    number: int
    status: int
    location: str
    body: str

    @property
    def links(self) -> list[str]:
        """The console's addresses in it, each once, in the order of the page."""
        return list(dict.fromkeys(html.unescape(each) for each in _LINK.findall(self.body)))


class Browser:
    """Asks for one page after the other, each over a connection of its own."""

    def __init__(self, port: int, numbers: Iterator[int], *, check: Callable[[], None]) -> None:
        """`check` is called before each request, and raises when nobody waits for answers any more."""
        self._port, self._numbers, self._check = port, numbers, check
        self._cookies: dict[str, str] = {}
        self._token = ""

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def get(self, path: str, *, plans: bool = False) -> Page:
        """Ask for a page; with `plans`, what it asks the database is explained."""
        return self._ask("GET", path, None, plans)

    def send(self, path: str, fields: Iterable[forms.Field], *, plans: bool = False) -> Page:
        """Send a form, with the token of this login."""
        return self._ask("POST", path, urlencode([(_TOKEN, self._token), *fields]), plans)

    def log_in(self, email: str, password: str) -> None:
        """Begin anew.

        :raises BenchmarkError: we are not let in.
        """
        self._cookies.clear()
        self._token = _token_in(self.get(_LOGIN))
        answer = self.send(_LOGIN, (("email", email), ("password", password)))
        if answer.status not in {302, 303}:
            raise BenchmarkError(f"The console did not let us in: it answered {answer.status}.")
        self._token = _token_in(self.get(_ACCOUNT))

    def _ask(self, method: str, path: str, body: str | None, plans: bool) -> Page:
        self._check()
        number = next(self._numbers)
        headers = {"Host": f"localhost:{self._port}", NUMBER: str(number), "Cookie": self.cookie}
        headers |= {PLANS: "1"} if plans else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        said, status, answered = self._talk(method, path, body, headers)
        for cookie in answered.get("set-cookie", ()):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return Page(number, status, next(iter(answered.get("location", ())), ""), said)

    def _talk(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[str, int, dict[str, list[str]]]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            said = answer.read().decode("utf-8", "replace")
        except OSError as error:
            raise BenchmarkError(f"{path} was not answered within {_SECONDS} seconds.") from error
        finally:
            connection.close()
        found: dict[str, list[str]] = {}
        for name, value in answer.getheaders():
            found.setdefault(name.lower(), []).append(value)
        return said, answer.status, found


def _token_in(page: Page) -> str:
    return dict(forms.fields_of(page.body)).get(_TOKEN, "")
