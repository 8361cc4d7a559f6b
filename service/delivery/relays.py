"""The health of the way out, shared by all workers: a relay that refuses us rests, and says why."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery import backoff
from service.delivery.models import Relay


def is_open(session: Session, name: str, *, now: datetime) -> bool:
    closed_until = session.scalar(select(Relay.closed_until).where(Relay.name == name))
    return closed_until is None or closed_until <= now


def close(
    session: Session,
    name: str,
    *,
    problem: str,
    now: datetime,
    dice: float,
    rest: timedelta | None = None,
) -> None:
    """Let nobody use the relay for this long; without `rest`, longer with every failure in a row."""
    session.execute(
        insert(Relay)
        .values(name=name, failures=0, changed_at=now)
        .on_conflict_do_nothing(index_elements=[Relay.name])
    )
    relay = session.scalars(
        select(Relay).where(Relay.name == name).with_for_update().execution_options(populate_existing=True)
    ).one()
    relay.failures += 1
    until = now + (rest if rest is not None else backoff.relay_rest(failures=relay.failures, dice=dice))
    relay.closed_until = max(until, relay.closed_until or until)
    relay.problem = problem
    relay.changed_at = now


def worked(session: Session, name: str, *, now: datetime) -> None:
    """Forget what was wrong: a message got through."""
    session.execute(
        update(Relay)
        .where(Relay.name == name, (Relay.failures > 0) | Relay.problem.is_not(None))
        .values(failures=0, problem=None, closed_until=None, changed_at=now)
    )
