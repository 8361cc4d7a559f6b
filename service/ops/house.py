"""The state of everything that can be set, for the one page that leads to all of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.delivery import relays
from service.delivery.relays import RelayHealth
from service.dns.findings import Grade
from service.newsletters import queries
from service.newsletters.models import Newsletter, Sender
from service.ops import domains
from service.ops.domains import LastLook
from service.relay_addresses import RelayAddress
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """What the page of settings says of each part."""

    newsletters: Sequence[Newsletter]
    #: By newsletter id: what it still needs before it may send.
    missing: dict[int, list[str]]
    senders: Sequence[Sender]
    relays: Sequence[tuple[RelayAddress, RelayHealth]]
    looks: dict[str, LastLook | None]

    @property
    def without_address(self) -> Collection[Sender]:
        """The senders under whom nothing is sent."""
        return [sender for sender in self.senders if not sender.postal_address.strip()]

    @property
    def troubled_domains(self) -> list[str]:
        """The domains whose latest look found something that costs mail."""
        return [name for name, look in self.looks.items() if look is not None and look.worst is Grade.WRONG]

    @property
    def unseen_domains(self) -> list[str]:
        """The domains that nobody ever looked up."""
        return [name for name, look in self.looks.items() if look is None]


def read(session: Session, *, addresses: Sequence[RelayAddress], now: datetime) -> House:
    """Read it all; a handful of small queries."""
    newsletters = queries.list_all(session)
    health = relays.list_health(session, [each.label for each in addresses], now=now)
    return House(
        newsletters=newsletters,
        missing={each.id: queries.missing_for_sending(each) for each in newsletters if not each.closed_at},
        senders=queries.list_senders(session),
        relays=[(each, health[each.label]) for each in addresses],
        looks={name: domains.last_look(session, name) for name in domains.list_domains(session)},
    )


def given(settings: Settings) -> list[tuple[str, str, str]]:
    """Return what is set where Broadsheet is started: name, value, and what it is for; no secrets."""
    rates = " ".join(f"{domain}={rate:g}" for domain, rate in settings.domain_rates.items())
    return [
        ("PUBLIC_URL", settings.base_url, "the address in every link"),
        ("SMTP_URL", ", ".join(relay.label for relay in settings.relays), "the relays"),
        ("HELO_NAME", settings.helo_name or "", "the name we greet relays with"),
        ("DOMAIN_RATES", rates, "messages a second to recipients’ domains"),
        (
            "BREAKER_PERCENT",
            f"{settings.breaker_percent:g}",
            "a mailing with more errors pauses by itself, in %",
        ),
        (
            "SETTLE_MINUTES",
            str(settings.settle_minutes),
            "how long a new article rests before it may be sent",
        ),
        ("LEDGER_DAYS", str(settings.ledger_days), "how long we keep who got what"),
    ]
