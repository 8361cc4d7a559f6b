"""How mail leaves us, as far as the DNS has to say who may send it."""

import ipaddress
from dataclasses import dataclass
from typing import NamedTuple

#: Providers by the end of their relays' names, and the mechanism that their manuals ask for (November 2026).
_PROVIDERS = (
    ("amazonaws.com", "Amazon SES", "include:amazonses.com"),
    ("mailgun.org", "Mailgun", "include:mailgun.org"),
    ("sendgrid.net", "SendGrid", "include:sendgrid.net"),
    ("postmarkapp.com", "Postmark", "include:spf.mtasv.net"),
    ("mailjet.com", "Mailjet", "include:spf.mailjet.com"),
    ("brevo.com", "Brevo", "include:spf.brevo.com"),
    ("sendinblue.com", "Brevo", "include:spf.brevo.com"),
    ("gmail.com", "Google", "include:_spf.google.com"),
    ("office365.com", "Microsoft 365", "include:spf.protection.outlook.com"),
    ("fastmail.com", "Fastmail", "include:spf.messagingengine.com"),
    ("migadu.com", "Migadu", "include:spf.migadu.com"),
)


class Provider(NamedTuple):
    """Whose machines a relay is."""

    name: str
    mechanism: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A signing key of ours, as the DNS shall know it."""

    selector: str
    dns_name: str
    dns_value: str
    #: Whether it signs now, or waits.
    active: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """One domain of senders and the ways its mail goes."""

    #: Of the From address; the return path is in the same domain, so that both align (RFC 9989).
    domain: str
    #: Host names or addresses of the relays.
    relays: tuple[str, ...]
    #: The name we greet with, where the settings give one.
    helo_name: str = ""
    keys: tuple[PublicKey, ...] = ()
    #: Why a key that should sign cannot; empty while all is well.
    key_problem: str = ""

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """The machines of ours that hand mail to receivers; behind a relay on this machine that is itself."""
        named = [self._host(relay) for relay in self.relays if provider_of(relay) is None]
        return tuple(dict.fromkeys(host for host in named if host))

    @property
    def is_hidden(self) -> bool:
        """Whether a relay is on this machine or network and nothing says what it is called outside."""
        return any(is_inside(relay) for relay in self.relays) and not self.helo_name

    def _host(self, relay: str) -> str:
        return self.helo_name if is_inside(relay) else relay


def provider_of(relay: str) -> Provider | None:
    """Return whose relay this is, if it is one of the well-known."""
    host = relay.lower().rstrip(".")
    return next(
        (Provider(name, spf) for end, name, spf in _PROVIDERS if host == end or host.endswith(f".{end}")),
        None,
    )


def is_address(host: str) -> bool:
    """Say whether this is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_inside(host: str) -> bool:
    """Say whether this names a machine that the outside does not see: loopback, private, or a bare name."""
    if is_address(host):
        return not ipaddress.ip_address(host).is_global
    return "." not in host or host.endswith((".localhost", ".local", ".internal"))
