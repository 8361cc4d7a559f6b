"""The way out as operators see it: relays with their health and share, and the limits in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.delivery import relays
from service.delivery.limit_view import LimitView
from service.delivery.relays import RelayHealth
from service.delivery.slowing import Way
from service.errors import NotFound
from service.ops import actors
from service.relay_addresses import RelayAddress


@dataclass(frozen=True, slots=True)
class RelayLine:
    """One relay that the settings name."""

    address: RelayAddress
    health: RelayHealth
    #: Of the mail, while all relays are healthy; 0 for one that only stands in.
    percent: int
    limit: LimitView | None
    held_by: str


@dataclass(frozen=True, slots=True)
class WayOut:
    """All of them, and the limits of recipient domains."""

    relays: tuple[RelayLine, ...]
    domains: tuple[LimitView, ...]

    @property
    def is_shut(self) -> bool:
        """Whether no relay takes any mail."""
        return all(line.health.until is not None or line.health.held_at is not None for line in self.relays)


def read(
    session: Session, *, addresses: Sequence[RelayAddress], limits: Sequence[LimitView], now: datetime
) -> WayOut:
    """Return the relays in the order of the settings, and slowed domains first."""
    health = relays.list_health(session, [each.label for each in addresses], now=now)
    people = actors.names(session, {each.held_by for each in health.values() if each.held_by})
    by_label = {each.subject: each for each in limits if each.way is Way.RELAY}
    whole = sum(each.weight for each in addresses)
    return WayOut(
        relays=tuple(
            RelayLine(
                address=each,
                health=health[each.label],
                percent=round(100 * each.weight / whole) if whole else round(100 / len(addresses)),
                limit=by_label.get(each.label),
                held_by=people.get(health[each.label].held_by or "", ""),
            )
            for each in addresses
        ),
        domains=tuple(
            sorted(
                (each for each in limits if each.way is Way.DOMAIN),
                key=lambda each: (each.slowed_since is None, each.subject),
            )
        ),
    )


def check_known(label: str, *, addresses: Sequence[RelayAddress]) -> str:
    """Return the label of a relay that the settings name.

    :raises NotFound: they do not.
    """
    if label not in {each.label for each in addresses}:
        raise NotFound("There is no such relay in the settings.")
    return label
