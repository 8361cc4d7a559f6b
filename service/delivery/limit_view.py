"""A limit as an operator sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from service.delivery.slowing import Way


@dataclass(frozen=True, slots=True)
class LimitView:
    """One limit as an operator sees it; rates in messages per second, by all workers together."""

    way: Way
    #: host:port, or a domain.
    subject: str
    configured: float | None
    rate: float
    slowed_since: datetime | None = None
    #: Nothing goes that way before this moment.
    silent_until: datetime | None = None
    #: What the other side said.
    why: str = ""


def view_of(name: str, fields: Mapping[str, str], *, top: float) -> LimitView:
    """Read what Redis holds of a limit; without fields it runs at its configured rate, `top`."""
    way, _, subject = name.partition(":")
    slowed_at = fields.get("slowed_at", "")
    return LimitView(
        way=Way(way),
        subject=subject,
        configured=top or None,
        rate=float(fields.get("rate", top)) if slowed_at or not top else top,
        slowed_since=datetime.fromtimestamp(float(slowed_at), UTC) if slowed_at else None,
        silent_until=_silent_until(fields),
        why=fields.get("why", ""),
    )


def _silent_until(fields: Mapping[str, str]) -> datetime | None:
    """A limit that rests owes tokens; this is when the debt is paid."""
    tokens = float(fields.get("tokens", 0))
    if tokens >= -1:
        return None
    return datetime.fromtimestamp(float(fields["at"]) - tokens / float(fields["rate"]), UTC)
