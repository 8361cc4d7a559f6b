"""How fast something may go, by an operator's word: all bulk mail, a mailing, a relay, a domain."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from service import audit
from service.delivery import operator_limits
from service.delivery.models import Mailing
from service.errors import InvalidInput, NotFound
from service.ops import monitor
from service.ops.monitor import Ordered
from service.relay_addresses import RelayAddress

#: Messages per second; nobody means more, and one in a hundred seconds still moves.
LOWEST, HIGHEST = 0.01, 10_000.0
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")


class Kind(StrEnum):
    """What a limit can be for."""

    ALL = "all"
    MAILING = "mailing"
    RELAY = "relay"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to go at some pace, and the pace set so far."""

    kind: Kind
    #: As in the ledger of limits: "all", "mailing:7".
    name: str
    #: For people.
    title: str
    #: What the audit log calls it.
    subject: str
    ordered: Ordered | None = None

    @property
    def can_be_held(self) -> bool:
        """Domains are held here; everything else has its own button."""
        return self.kind is Kind.DOMAIN


def find_target(session: Session, name: str, *, addresses: Sequence[RelayAddress]) -> Target:
    """Return what a name stands for.

    :raises NotFound: there is no such mailing or relay, or it is no name at all.
    """
    kind, _, what = name.partition(":")
    target = _target(session, kind, what, addresses=addresses)
    limit = operator_limits.find(session, target.name)
    if limit is None:
        return target
    found = monitor.ordered(session, [limit])[target.name]
    return Target(target.kind, target.name, target.title, target.subject, found)


def parse_rate(typed: str) -> float:
    """Read messages per second.

    :raises InvalidInput: it is no such number.
    """
    try:
        rate = float(typed.strip().replace(",", "."))
    except ValueError:
        rate = -1.0
    if not LOWEST <= rate <= HIGHEST:
        raise InvalidInput(f"Write how many mails a second, a number from {LOWEST:g} to {HIGHEST:,.0f}.")
    return rate


def order(session: Session, target: Target, *, rate: float | None, actor: str, now: datetime) -> None:
    """Set a pace, 0 to hold, None to let it go as fast as the settings allow. Again changes nothing."""
    before = operator_limits.put(session, target.name, rate=rate, by=actor, now=now)
    if before != rate:
        action = "limit.lifted" if rate is None else "limit.set" if rate else "limit.held"
        audit.record(
            session,
            actor=actor,
            action=action,
            subject=target.subject,
            now=now,
            before={"per_second": before},
            after={"per_second": rate},
        )


def _target(session: Session, kind: str, what: str, *, addresses: Sequence[RelayAddress]) -> Target:
    if kind == Kind.ALL and not what:
        return Target(Kind.ALL, operator_limits.ALL, "all digests and blasts", "all bulk mail")
    if kind == Kind.RELAY and what in {each.label for each in addresses}:
        return Target(Kind.RELAY, operator_limits.relay_name(what), f"the relay {what}", f"relay {what}")
    if kind == Kind.DOMAIN and len(what) <= 253 and _DOMAIN.fullmatch(what):
        return Target(Kind.DOMAIN, operator_limits.domain_name(what), what, f"domain {what}")
    if kind == Kind.MAILING and what.isascii() and what.isdigit() and len(what) < 19:
        mailing = session.get(Mailing, int(what))
        if mailing is not None:
            name = operator_limits.mailing_name(mailing.id)
            return Target(Kind.MAILING, name, f"“{mailing.title}”", f"mailing {mailing.id}")
    raise NotFound("There is nothing of this name whose pace could be set.")
