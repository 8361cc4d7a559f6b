"""Relays as settings spell them: one URL each, with its share of the mail and its limits as parameters."""

import math
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Tls = Literal["opportunistic", "required", "implicit"]

_SCHEMES: dict[str, tuple[Tls, int]] = {
    "smtp": ("opportunistic", 25),
    "smtp+starttls": ("required", 587),
    "smtps": ("implicit", 465),
}
_EXAMPLE = "smtp://user:password@mail.example.org:587"
#: With the four processes of a worker: 16 connections, below the 20 that Postfix opens to one destination
#: (default_destination_concurrency_limit) and the 50 it takes from one client.
CONNECTIONS = 4
#: And 300 seconds at most (standards 99): a fresh connection finds every machine behind a name. Opening one
#: every hundred messages is seen as pauses; where a provider ends them sooner, that costs nothing.
MESSAGES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAddress:
    """Host, port, TLS mode and credentials of a relay, and how much of the mail it gets."""

    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    #: For people; the same as `label` unless the URL names it.
    name: str = ""
    #: Share of the mail among healthy relays; 0 waits until no other can be used.
    weight: int = 1
    #: Messages per second by all workers together; None is as fast as it goes.
    rate: float | None = None
    #: Per worker process.
    connections: int = CONNECTIONS
    #: How many messages a connection carries before it is opened afresh.
    messages: int = MESSAGES

    @property
    def label(self) -> str:
        """Its name in rows, limits and logs: host:port."""
        return f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read one `smtp://`, `smtp+starttls://` or `smtps://`; ports default to 25, 587 and 465.

        :raises ValueError: with a sentence that begins after the setting's name, and holds no password.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"is not an SMTP address; it looks like {_EXAMPLE}")
        tls, default_port = _SCHEMES[parts.scheme]
        port = _port(parts) or default_port
        host = parts.hostname
        label = f"{host}:{port}"
        given = _parameters(parts.query, label)
        return cls(
            host=host,
            port=port,
            tls=tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            name=given.get("name", label),
            weight=_whole(given, "weight", 1, label=label, least=0, most=1000),
            rate=_rate(given, label=label),
            connections=_whole(given, "connections", CONNECTIONS, label=label, least=1, most=100),
            messages=_whole(given, "messages", MESSAGES, label=label, least=1, most=100_000),
        )


def parse_relays(text: str) -> tuple[RelayAddress, ...]:
    """Read URLs that white space separates.

    :raises ValueError: one of them is wrong, or names a relay that another one names too.
    """
    relays = tuple(RelayAddress.parse(url) for url in text.split())
    if not relays:
        raise ValueError(f"names no relay; it looks like {_EXAMPLE}")
    labels = [relay.label for relay in relays]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ValueError(f"names {twice} twice; give it once, with a higher weight if it shall get more")
    return relays


def parse_domain_rates(text: str) -> dict[str, float]:
    """Read "gmail.com=20 *=100": messages per second; "*" is every other domain, each by itself.

    :raises ValueError: with a sentence that begins after the setting's name.
    """
    rates: dict[str, float] = {}
    for entry in text.replace(",", " ").split():
        domain, _, number = entry.rpartition("=")
        rate = _positive(number)
        if not domain or rate is None:
            raise ValueError(f"has “{entry}”; an entry looks like gmail.com=20, in messages per second")
        if domain.lower() in rates:
            raise ValueError(f"names {domain.lower()} twice")
        rates[domain.lower()] = rate
    return rates


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError(f"has a port of {parts.hostname} that is no number from 1 to 65535") from None


def _parameters(query: str, label: str) -> dict[str, str]:
    known = ("weight", "rate", "connections", "messages", "name")
    pairs = parse_qsl(query, keep_blank_values=True)
    for key, value in pairs:
        if key not in known:
            raise ValueError(
                f"has an unknown parameter “{key}” for {label}; there are {', '.join(known[:-1])} and name"
            )
        if not value.strip():
            raise ValueError(f"has no value after {key}= for {label}")
    return dict(pairs)


def _whole(given: dict[str, str], key: str, default: int, *, label: str, least: int, most: int) -> int:
    text = given.get(key, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ValueError(f"has {key}={text} for {label}; it is a whole number from {least} to {most}")
    return int(text)


def _rate(given: dict[str, str], *, label: str) -> float | None:
    if "rate" not in given:
        return None
    rate = _positive(given["rate"])
    if rate is None:
        raise ValueError(
            f"has rate={given['rate']} for {label}; it is a number of messages per second above 0"
        )
    return rate


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
