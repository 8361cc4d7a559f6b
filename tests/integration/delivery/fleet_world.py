"""Several relays at once, readers of several domains, and engines that share limits."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from service.db import Sessions
from service.delivery.engine import DeliveryEngine
from service.delivery.models import Stream
from service.delivery.ports import Ready, Skip
from service.settings import RelayAddress
from tests.fakes.smtp_server import SmtpServer
from tests.integration.delivery.world import QUICK, Composer, hash_of, mail_to

BULK = [Stream.DIGEST, Stream.BLAST]


class OfDomains(Composer):
    """Readers whose domains take turns: reader 0 is at the first, reader 1 at the second."""

    def __init__(self, *domains: str) -> None:
        super().__init__()
        self.domains = domains

    def _one(self, message: Any) -> Ready | Skip:
        n = message.subscription_id or 0
        address = f"reader{n}@{self.domains[n % len(self.domains)]}"
        return Ready(message, mail_to(address), hash_of(address))


def relay(server: SmtpServer, **parameters: object) -> RelayAddress:
    query = "&".join(f"{name}={value}" for name, value in ({"connections": 1} | parameters).items())
    return RelayAddress.parse(f"smtp://127.0.0.1:{server.port}?{query}")


def fleet(
    sessions: Sessions, relays: Sequence[RelayAddress], folder: Path, compose: Any = None, **values: Any
) -> DeliveryEngine:
    return DeliveryEngine(
        sessions,
        compose or Composer(),
        relays=relays,
        helo_name="sender.test",
        journals=folder,
        **{"deadlines": QUICK, **values},
    )


def everybody_once(count: int, *servers: SmtpServer) -> bool:
    """Say whether all readers have one mail each, whichever way it took."""
    got = Counter(address.split("@")[0] for server in servers for address in server.recipients)
    return got == Counter(f"reader{n}" for n in range(count))


def domains(server: SmtpServer) -> Counter[str]:
    return Counter(address.split("@")[1] for address in server.recipients)


def after(server: SmtpServer, count: int) -> Callable[[], bool]:
    """Stop once a relay has taken so many."""
    return lambda: len(server.accepted) >= count
