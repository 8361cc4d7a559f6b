"""Fetches one feed from a stranger's server, behind one function (standards 159, 160, 164).

Every address, first or redirected to, is resolved once, checked, and connected to as checked (ssrfguard).
An `asyncio` clock runs over the whole, since a server that sends a byte every nine seconds never makes a
read time out.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from ipaddress import ip_network
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from ssrfguard import Policy, SSRFGuardError
from ssrfguard.httpx import AsyncClient

from service.articles import bodies, refusals
from service.errors import FetchError

T = TypeVar("T")

_DEADLINE = 30.0
_CONNECT = 10.0
_MOST_REDIRECTS = 5
_LONGEST_VALIDATOR = 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: What an address on the allow list may lead to besides the public network; never the cloud's metadata.
_PRIVATE = tuple(
    ip_network(name)
    for name in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A good answer. Status 304 means that nothing changed, and comes without a body."""

    status: int
    body: bytes
    content_type: str
    etag: str | None
    last_modified: str | None
    final_url: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """Whatever a server answered, and how its answer begins. `length` is what it says of the whole."""

    status: int
    body: bytes
    content_type: str
    length: int | None


class Fetcher:
    """Fetches feeds under one name; `allow_hosts` are host:port that may be loopback or private."""

    def __init__(
        self,
        allow_hosts: Iterable[str] = (),
        *,
        public_url: str = "",
        deadline: float = _DEADLINE,
        connect_timeout: float = _CONNECT,
    ) -> None:
        self._allow_hosts = frozenset(name.lower() for name in allow_hosts)
        self._deadline, self._connect = deadline, connect_timeout
        # Loading the certificates takes 20 ms, so once for all fetches.
        self._tls = httpx.create_ssl_context(trust_env=False)
        about = f" (+{public_url})" if public_url else ""
        self.user_agent = f"Broadsheet/{version('broadsheet')}{about}"

    def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """Get a feed, or status 304 when it is the one that the validators name.

        :raises FetchError: with a sentence for the operator, and what the server said about asking again.
        """
        return asyncio.run(
            self._in_time(self._follow(url, partial(self._ask, headers=_validators(etag, last_modified))))
        )

    def beginning(self, url: str, *, most: int) -> Beginning:
        """Get at most so many bytes of something, redirects followed; any status is an answer.

        :raises FetchError: nothing answered in time, or nothing that may be asked.
        """
        return asyncio.run(self._in_time(self._follow(url, partial(self._begin, most=most))))

    def status(self, url: str) -> int:
        """Ask only whether there is something: HEAD, redirects followed; return the last status.

        :raises FetchError: nothing answered, or nothing that may be asked.
        """
        return asyncio.run(self._in_time(self._follow_heads(url)))

    async def _in_time(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._deadline):
                return await answer
        except TimeoutError as error:
            raise FetchError(
                f"The server did not finish its answer within {self._deadline:g} seconds."
            ) from error
        except (SSRFGuardError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            refused = isinstance(error, SSRFGuardError)
            raise FetchError(refusals.sentence_of(error), refused=refused) from error

    async def _follow(self, url: str, ask: Callable[[str], Awaitable[T | str]]) -> T:
        seen: list[str] = []
        while True:
            refusals.check_address(url)
            if url in seen:
                raise FetchError("The address redirects in a circle.")
            seen.append(url)
            if len(seen) > _MOST_REDIRECTS + 1:
                raise FetchError(f"The address redirects more than {_MOST_REDIRECTS} times.")
            answer = await ask(url)
            if not isinstance(answer, str):
                return answer
            url = answer

    async def _follow_heads(self, url: str) -> int:
        for _ in range(_MOST_REDIRECTS + 1):
            refusals.check_address(url)
            async with self._client(url) as client:
                response = await client.head(url)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return response.status_code
            url = str(response.url.join(response.headers["location"]))
        raise FetchError(f"The address redirects more than {_MOST_REDIRECTS} times.")

    async def _ask(self, url: str, headers: dict[str, str]) -> Fetched | str:
        """Return the answer, or the address that it redirects to."""
        async with self._client(url) as client, client.stream("GET", url, headers=headers) as response:
            if response.status_code in _REDIRECTS and "location" in response.headers:
                return str(response.url.join(response.headers["location"]))
            refusals.check_answer(response.status_code, response.headers)
            return Fetched(
                status=response.status_code,
                body=b"" if response.status_code == 304 else await _body(response),
                content_type=response.headers.get("content-type", ""),
                etag=response.headers.get("etag"),
                last_modified=response.headers.get("last-modified"),
                final_url=url,
            )

    async def _begin(self, url: str, *, most: int) -> Beginning | str:
        """Return how the answer begins, as it was sent, or the address that it redirects to."""
        # Unpacked nothing: a picture is packed by itself.
        headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
        async with self._client(url) as client, client.stream("GET", url, headers=headers) as response:
            if response.status_code in _REDIRECTS and "location" in response.headers:
                return str(response.url.join(response.headers["location"]))
            body = bytearray()
            async for chunk in response.aiter_raw(16 * 1024):
                body += chunk
                if len(body) >= most:
                    break
            length = response.headers.get("content-length", "")
            return Beginning(
                status=response.status_code,
                body=bytes(body[:most]),
                content_type=response.headers.get("content-type", ""),
                length=int(length[:15]) if length.isdecimal() else None,
            )

    def _client(self, url: str) -> AsyncClient:
        """Make a client for one request: it can reach the host of this address only, as the policy allows."""
        return AsyncClient(
            policy=self._policy(url),
            resolver=_resolve_in_time,
            verify=self._tls,
            # Neither proxies nor .netrc from the environment.
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self._deadline, connect=self._connect),
            headers={"User-Agent": self.user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"},
        )

    def _policy(self, url: str) -> Policy:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if f"{parts.hostname}:{port}" not in self._allow_hosts:
            return Policy()
        return Policy(allowed_ports=frozenset({port}), allowed_networks=_PRIVATE)


def _validators(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """What a server wrote may be nothing that can be sent back: then its feed is fetched whole."""
    pairs = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {
        name: value
        for name, value in pairs.items()
        if value and value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR
    }


async def _body(response: httpx.Response) -> bytes:
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > bodies.LONGEST_BODY:
        raise FetchError(bodies.TOO_BIG)
    return await bodies.read(
        response.aiter_raw(64 * 1024), encoding=response.headers.get("content-encoding", "")
    )


def _resolve_in_time(*query: Any) -> list[Any]:
    """Look a name up, with an end: `getaddrinfo` has no timeout and cannot be cancelled."""
    found: list[list[Any] | OSError] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(*query))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=look_up, name="feed-name-lookup", daemon=True)
    thread.start()
    thread.join(_CONNECT)
    answer = found[0] if found else socket.gaierror("the name was not found in time")
    if isinstance(answer, OSError):
        raise answer
    return answer
