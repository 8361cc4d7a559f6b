"""A small browser for the self-test: keeps cookies, follows redirects and links, fills in forms."""

import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

from service.selftest import markup
from service.selftest.checks import CheckFailed
from service.selftest.markup import Form

_TIMEOUT = 20.0
#: Only http on loopback is spoken; loading the machine's certificates takes 25 ms a visitor.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back, read; `moved` says whether redirects led here."""

    url: str
    status: int
    body: str = field(repr=False)
    text: str = field(repr=False)
    title: str = ""
    links: tuple[tuple[str, str], ...] = ()
    forms: tuple[Form, ...] = ()
    headers: httpx.Headers = field(default_factory=httpx.Headers, repr=False)
    moved: bool = False
    #: What the page says is wrong.
    alerts: tuple[str, ...] = ()
    opened_at: float = field(default_factory=time.monotonic)

    def form(self, *, field: str = "", action: str = "", about: str = "") -> Form:
        """Return the first form with this field, this end of its address, and these words inside.

        :raises CheckFailed: there is none.
        """
        for form in self.forms:
            if (
                (not field or form.has(field))
                and form.action.endswith(action)
                and (not about or form.is_about(about))
            ):
                return form
        wanted = " and ".join(
            part
            for part in (
                f"a field “{field}”" if field else "",
                f"the target {action}" if action else "",
                f"“{about}” in it" if about else "",
            )
            if part
        )
        raise CheckFailed(f"{self.path} shows no form with {wanted or 'anything in it'}.")

    def link(self, words: str = "", *, target: str = "") -> str:
        """Return where the first link with these words, or that ends so, leads.

        :raises CheckFailed: there is none.
        """
        for text, href in self.links:
            if words in text and href.endswith(target):
                return urljoin(self.url, href)
        wanted = f"“{words}”" if words else f"to {target}"
        raise CheckFailed(f"{self.path} shows no link {wanted}.")

    def has_link(self, words: str) -> bool:
        return any(words in text for text, _ in self.links)

    @property
    def path(self) -> str:
        """Its address without the host; signed links are cut, since reports are shown to others."""
        path = httpx.URL(self.url).path
        return "/".join(part if len(part) < 30 else part[:6] + "…" for part in path.split("/")) or "/"


class Browser:
    """One visitor: cookies of his own, and where asked for an address of his own behind a proxy."""

    def __init__(self, base_url: str, *, address: str | None = None) -> None:
        headers = {"User-Agent": "Broadsheet-selftest"}
        if address is not None:
            headers["X-Forwarded-For"] = address
        self.base_url = base_url
        self._client = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=_TIMEOUT,
            follow_redirects=True,
            trust_env=False,
            verify=_NO_TLS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def open(self, url: str, *, status: int = 200) -> Page:
        """Go to a page.

        :raises CheckFailed: it does not answer, or with another status.
        """
        return self._read("GET", url, status)

    def press(
        self,
        page: Page,
        form: Form,
        button: str = "",
        *,
        status: int = 200,
        also: dict[str, str] | None = None,
    ) -> Page:
        """Send a form by the button with these words (else by its first one), and return what comes.

        `also` is what a script would add.

        :raises CheckFailed: there is no such button, or another status came.
        """
        found = next((one for one in form.buttons if button in one.label), None)
        if found is None and button:
            raise CheckFailed(f"{page.path} has no button “{button}”.")
        pairs = [*form.pairs(found), *(also or {}).items()]
        data: dict[str, list[str]] = {}
        for name, value in pairs:
            data.setdefault(name, []).append(value)
        return self._read(form.method.upper(), urljoin(page.url, form.action), status, data=data)

    def send(
        self, method: str, url: str, *, content: bytes | None = None, content_type: str = ""
    ) -> httpx.Response:
        """Send one request as it is, without following redirects."""
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            return self._client.request(method, url, content=content, headers=headers, follow_redirects=False)
        except httpx.HTTPError as error:
            raise CheckFailed(f"{_short(url)} does not answer ({type(error).__name__}).") from error

    def first_event(self, url: str, *, seconds: float = 10) -> str:
        """Return the first line of data of a stream of server-sent events.

        :raises CheckFailed: none came in time.
        """
        try:
            with self._client.stream("GET", url, timeout=seconds) as response:
                for line in response.iter_lines():
                    if line.startswith("data:") and line.removeprefix("data:").strip():
                        return line.removeprefix("data:").strip()
        except httpx.HTTPError as error:
            raise CheckFailed(f"{_short(url)} sends nothing ({type(error).__name__}).") from error
        raise CheckFailed(f"{_short(url)} ended without sending anything.")

    def _read(self, method: str, url: str, status: int, *, data: dict[str, list[str]] | None = None) -> Page:
        try:
            if method == "GET":
                response = self._client.get(url, params=data)
            else:
                response = self._client.post(url, data=data or {})
        except httpx.HTTPError as error:
            raise CheckFailed(f"{_short(url)} does not answer ({type(error).__name__}).") from error
        page = _page(response)
        if response.status_code != status:
            answered = f"{page.path} answered {response.status_code} instead of {status}"
            raise CheckFailed(f"{answered}: {complaint(page)}.")
        return page


def complaint(page: Page) -> str:
    """Return what the page itself says, shortly."""
    said = " ".join(page.alerts) or page.text
    return f"“{said}”" if len(said) <= 300 else f"“{said[:300].strip()}…”"


def _page(response: httpx.Response) -> Page:
    is_html = "html" in response.headers.get("Content-Type", "")
    read = markup.read(response.text if is_html else "")
    return Page(
        url=str(response.url),
        status=response.status_code,
        body=response.text,
        text=read.text if is_html else response.text,
        title=read.title.strip(),
        links=tuple(read.links),
        forms=tuple(read.forms),
        headers=response.headers,
        moved=bool(response.history),
        alerts=tuple(" ".join(alert.split()) for alert in read.alerts),
    )


def _short(url: str) -> str:
    return Page(url=url, status=0, body="", text="").path if "://" in url else url
