"""Asking the DNS, with an end: what is not answered in time was not checked, and no record is to blame."""

import time
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.resolver
import dns.reversename

#: For all questions of one check together, and for each.
SECONDS = 10.0
_EACH = 3.0
#: After so many silent answers in a row nobody is there, and nobody is asked again.
_SILENT = 2
#: A zone that every name server of the public DNS knows.
_EVERYWHERE = "com"


@dataclass(frozen=True, slots=True)
class Reply:
    """The records of one name; `answered` is False where nobody could say whether there are any."""

    values: tuple[str, ...] = ()
    answered: bool = True


UNANSWERED = Reply(answered=False)


class Resolver(Protocol):
    """Where questions go; names without a final dot, addresses as text."""

    def txt(self, name: str) -> Reply:
        """Return each record as one text, its strings put together (RFC 7208 3.3)."""

    def addresses(self, name: str) -> Reply:
        """Return IPv4 and IPv6 addresses."""

    def mx(self, name: str) -> Reply:
        """Return the names of mail servers, the preferred one first; "" is the null MX (RFC 7505)."""

    def ptr(self, address: str) -> Reply:
        """Return the names of an address."""


class NotAsked:
    """Answers nothing: for the records alone, before anything is looked up."""

    def txt(self, name: str) -> Reply:
        return UNANSWERED

    addresses = mx = ptr = txt


class SystemDns:
    """Asks the name servers of this machine; one per check, since its time runs from the beginning."""

    def __init__(self, *, seconds: float = SECONDS, resolver: dns.resolver.Resolver | None = None) -> None:
        self._ends = time.monotonic() + seconds
        self._silent = 0
        self._known: dict[tuple[str, str], Reply] = {}
        self._resolver = resolver or _configured()
        # A closed network's name server says of every name that there is none: that is no answer to us.
        if not self._ask(_EVERYWHERE, "NS").values:
            self._resolver = None
            self._known.clear()

    def txt(self, name: str) -> Reply:
        return self._ask(name, "TXT")

    def addresses(self, name: str) -> Reply:
        four, six = self._ask(name, "A"), self._ask(name, "AAAA")
        return Reply(four.values + six.values, four.answered and six.answered)

    def mx(self, name: str) -> Reply:
        reply = self._ask(name, "MX")
        ordered = sorted(value.split(" ", 1) for value in reply.values)
        return Reply(tuple(host.rstrip(".") for _, host in ordered), reply.answered)

    def ptr(self, address: str) -> Reply:
        reply = self._ask(dns.reversename.from_address(address).to_text(), "PTR")
        return Reply(tuple(value.rstrip(".") for value in reply.values), reply.answered)

    def _ask(self, name: str, kind: str) -> Reply:
        key = name.lower().rstrip("."), kind
        if key not in self._known:
            self._known[key] = self._look(*key)
        return self._known[key]

    def _look(self, name: str, kind: str) -> Reply:
        left = self._ends - time.monotonic()
        if self._resolver is None or left <= 0 or self._silent >= _SILENT:
            return UNANSWERED
        try:
            answer = self._resolver.resolve(
                f"{name}.", kind, lifetime=min(left, _EACH), raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            self._silent = 0
            return Reply()
        except dns.exception.Timeout:
            self._silent += 1
            return UNANSWERED
        except dns.resolver.NoNameservers:
            # SERVFAIL, or nobody listens: broken for this name at least.
            return UNANSWERED
        except dns.exception.DNSException:
            # No name at all: a label too long, or an empty one.
            return Reply()
        self._silent = 0
        return Reply(tuple(_text(each, kind) for each in answer.rrset or ()))


def _configured() -> dns.resolver.Resolver | None:
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return None


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        strings: tuple[bytes, ...] = record.strings  # type: ignore[attr-defined]  # dnspython types rdata by class
        return b"".join(strings).decode("utf-8", "replace")
    if kind == "MX":
        return f"{record.preference:05} {record.exchange}"  # type: ignore[attr-defined]  # as above
    return str(record)
