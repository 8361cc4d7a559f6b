"""Limits that operators set: a rate for all bulk mail, a mailing, a relay or a domain; 0 holds a domain."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery.models import OperatorLimit

#: The name of the limit over all digests and blasts together.
ALL = "all"


def mailing_name(mailing_id: int) -> str:
    return f"mailing:{mailing_id}"


def relay_name(label: str) -> str:
    return f"relay:{label}"


def domain_name(domain: str) -> str:
    return f"domain:{domain}"


def list_limits(session: Session) -> Sequence[OperatorLimit]:
    """Return all of them, by name."""
    query = select(OperatorLimit).order_by(OperatorLimit.name)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def find(session: Session, name: str) -> OperatorLimit | None:
    return session.get(OperatorLimit, name, populate_existing=True)


def rates(session: Session) -> dict[str, float]:
    """Return the rates by name, in messages per second by all workers together."""
    return dict(session.execute(select(OperatorLimit.name, OperatorLimit.rate)).all())


def put(session: Session, name: str, *, rate: float | None, by: str, now: datetime) -> float | None:
    """Set a limit, or take it away with None; return the rate before. Senders see it within a moment."""
    row = session.get(OperatorLimit, name, with_for_update=True)
    before = row.rate if row is not None else None
    if rate == before:
        return before
    if rate is None:
        session.delete(row)
    else:
        session.merge(OperatorLimit(name=name, rate=rate, set_at=now, set_by=by))
    session.flush()
    return before
