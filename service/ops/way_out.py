"""The way out as operators see it: relays and recipients' domains with what came of the last hour's tries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from service.delivery import operator_limits, relays
from service.delivery.limit_view import LimitView
from service.delivery.relays import RelayHealth
from service.delivery.slowing import Way
from service.errors import NotFound
from service.ops import actors, monitor, traffic
from service.ops.monitor import Ordered
from service.ops.traffic import Fates
from service.relay_addresses import RelayAddress

#: Domains that are listed for their size; those with a limit or errors are listed anyhow.
MOST_DOMAINS = 12


@dataclass(frozen=True, slots=True)
class RelayLine:
    """One relay that the settings name."""

    address: RelayAddress
    health: RelayHealth
    #: Of the mail, while all relays are healthy; 0 for one that only stands in.
    percent: int
    limit: LimitView | None
    held_by: str
    fates: Fates = field(default_factory=Fates)
    ordered: Ordered | None = None


@dataclass(frozen=True, slots=True)
class DomainLine:
    """One domain of recipients; "" stands for many small ones."""

    domain: str
    fates: Fates
    limit: LimitView | None
    ordered: Ordered | None


@dataclass(frozen=True, slots=True)
class WayOut:
    """All relays, and the domains worth a line."""

    relays: tuple[RelayLine, ...]
    domains: tuple[DomainLine, ...]

    @property
    def is_shut(self) -> bool:
        """Whether no relay takes any mail."""
        return all(line.health.until is not None or line.health.held_at is not None for line in self.relays)


def read(
    session: Session, *, addresses: Sequence[RelayAddress], limits: Sequence[LimitView], now: datetime
) -> WayOut:
    """Return the relays in the order of the settings; of the domains those that are held or slowed first."""
    health = relays.list_health(session, [each.label for each in addresses], now=now)
    people = actors.names(session, {each.held_by for each in health.values() if each.held_by})
    by_label = {each.subject: each for each in limits if each.way is Way.RELAY}
    fates = traffic.fates_by_relay(session, since=now - traffic.HOUR)
    orders = monitor.ordered(session, operator_limits.list_limits(session))
    whole = sum(each.weight for each in addresses)
    return WayOut(
        relays=tuple(
            RelayLine(
                address=each,
                health=health[each.label],
                percent=round(100 * each.weight / whole) if whole else round(100 / len(addresses)),
                limit=by_label.get(each.label),
                held_by=people.get(health[each.label].held_by or "", ""),
                fates=fates.get(each.label, Fates()),
                ordered=orders.get(operator_limits.relay_name(each.label)),
            )
            for each in addresses
        ),
        domains=_domains(
            traffic.fates_by_domain(session, since=now - traffic.HOUR),
            {each.subject: each for each in limits if each.way is Way.DOMAIN},
            {
                name.removeprefix("domain:"): each
                for name, each in orders.items()
                if name.startswith("domain:")
            },
        ),
    )


def check_known(label: str, *, addresses: Sequence[RelayAddress]) -> str:
    """Return the label of a relay that the settings name.

    :raises NotFound: they do not.
    """
    if label not in {each.label for each in addresses}:
        raise NotFound("There is no such relay in the settings.")
    return label


def _domains(
    fates: dict[str, Fates], limits: dict[str, LimitView], orders: dict[str, Ordered]
) -> tuple[DomainLine, ...]:
    named = sorted(set(fates) - {""}, key=lambda domain: (-fates[domain].tries, domain))
    ailing = [domain for domain in named if fates[domain].errors][: 2 * MOST_DOMAINS]
    shown = {*named[:MOST_DOMAINS], *ailing, *limits, *orders}
    lines = [DomainLine(each, fates.get(each, Fates()), limits.get(each), orders.get(each)) for each in shown]
    rest = [each for domain, each in fates.items() if domain not in shown]
    if rest:
        lines.append(DomainLine("", _together(rest), None, None))
    return tuple(sorted(lines, key=_order))


def _together(parts: list[Fates]) -> Fates:
    return Fates(
        sent=sum(each.sent for each in parts),
        deferred=sum(each.deferred for each in parts),
        bounced=sum(each.bounced for each in parts),
        failed=sum(each.failed for each in parts),
        unknown=sum(each.unknown for each in parts),
    )


def _order(line: DomainLine) -> tuple[bool, bool, bool, int, str]:
    slowed = line.limit is not None and line.limit.slowed_since is not None
    return not line.domain, line.ordered is None, not slowed, -line.fates.tries, line.domain
