"""Circuit breakers of relays, in rows that all workers share: open, resting, half open, or held by hand.

A relay rests after a failure that is no message's fault, longer each time in a row. When the rest is over one
sender tries one message: it opens the relay again, or begins the next rest.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery import backoff
from service.delivery.models import Relay

#: Whoever began a trial and died does not keep the relay closed for longer.
TRIAL = timedelta(minutes=2)
#: An error share is judged within this time ...
SHARE_WINDOW = timedelta(seconds=60)
#: ... over at least so many tries: fewer say nothing, and a dead relay fails at the door at once.
SHARE_TRIES = 20
#: Half: a relay that takes one of two is worth less than its rest, one message in three may be bad luck.
SHARE_PERCENT = 50


class RelayState(StrEnum):
    """OPEN takes mail, RESTING waits, HALF_OPEN wants one trial, HELD waits for its operator."""

    OPEN = "open"
    RESTING = "resting"
    HALF_OPEN = "half_open"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class RelayHealth:
    """One relay at one moment; `until` is set while it rests, `problem` until mail gets through again."""

    label: str
    state: RelayState = RelayState.OPEN
    until: datetime | None = None
    problem: str | None = None
    failures: int = 0
    held_at: datetime | None = None
    held_by: str | None = None
    changed_at: datetime | None = None


def list_health(session: Session, labels: Collection[str], *, now: datetime) -> dict[str, RelayHealth]:
    """Return the health of these relays; one we never heard of is open."""
    query = select(Relay).where(Relay.name.in_(labels)).execution_options(populate_existing=True)
    known = {row.name: health_of(row, now=now) for row in session.scalars(query)}
    return {label: known.get(label, RelayHealth(label)) for label in labels}


def usable(session: Session, labels: Collection[str], *, now: datetime) -> dict[str, RelayHealth]:
    """Return those that may be used now. A HALF_OPEN one only by who gets its trial, see `begin_trial`."""
    health = list_health(session, labels, now=now)
    may = {RelayState.OPEN, RelayState.HALF_OPEN}
    return {label: each for label, each in health.items() if each.state in may}


def is_open(session: Session, name: str, *, now: datetime) -> bool:
    """Say whether this relay may be used at all, for a sender that knows no other."""
    return name in usable(session, [name], now=now)


def begin_trial(session: Session, name: str, *, now: datetime) -> bool:
    """Take the one trial of a half-open relay; False while somebody else has it, or it rests or is held."""
    trial = session.execute(
        update(Relay)
        .where(
            Relay.name == name,
            Relay.held_at.is_(None),
            or_(Relay.closed_until.is_(None), Relay.closed_until <= now),
            or_(Relay.trial_until.is_(None), Relay.trial_until <= now),
        )
        .values(trial_until=now + TRIAL)
        .returning(Relay.name)
    )
    return trial.first() is not None


def end_trial(session: Session, name: str) -> None:
    """Give an unused trial back: nothing was left to try it with."""
    session.execute(update(Relay).where(Relay.name == name).values(trial_until=None))


def close(
    session: Session,
    name: str,
    *,
    problem: str,
    now: datetime,
    dice: float,
    rest: timedelta | None = None,
) -> None:
    """Let nobody use the relay for this long; without `rest`, longer with every failure in a row.

    Several senders that fail together are one failure.
    """
    relay = _locked(session, name, now=now)
    if relay.closed_until is None or relay.closed_until <= now:
        relay.failures += 1
    until = now + (rest if rest is not None else backoff.relay_rest(failures=relay.failures, dice=dice))
    relay.closed_until = max(until, relay.closed_until or until)
    relay.problem = problem
    relay.trial_until = None
    relay.tries, relay.errors, relay.counted_from = 0, 0, None
    relay.changed_at = now


def worked(session: Session, name: str, *, now: datetime) -> None:
    """Forget what was wrong: a message got through. What was under way when a rest began ends no rest."""
    session.execute(
        update(Relay)
        .where(
            Relay.name == name,
            (Relay.failures > 0) | Relay.problem.is_not(None) | Relay.closed_until.is_not(None),
            or_(Relay.closed_until.is_(None), Relay.closed_until <= now),
        )
        .values(failures=0, problem=None, closed_until=None, trial_until=None, changed_at=now)
    )


def note(session: Session, name: str, *, tries: int, errors: int, now: datetime, dice: float) -> bool:
    """Count tries of the last moments; close the relay when too many of them failed, and say so."""
    relay = _locked(session, name, now=now)
    if relay.counted_from is None or relay.counted_from <= now - SHARE_WINDOW:
        relay.tries, relay.errors, relay.counted_from = 0, 0, now
    relay.tries += tries
    relay.errors += errors
    if relay.tries < SHARE_TRIES or relay.errors * 100 < SHARE_PERCENT * relay.tries:
        return False
    problem = f"{relay.errors:,} of the last {relay.tries:,} tries failed on it."
    close(session, name, problem=problem, now=now, dice=dice)
    return True


def hold(session: Session, name: str, *, by: str, now: datetime) -> bool:
    """Use the relay no more until it is resumed; say whether it was not held yet."""
    relay = _locked(session, name, now=now)
    if relay.held_at is not None:
        return False
    relay.held_at, relay.held_by, relay.changed_at = now, by, now
    return True


def resume(session: Session, name: str, *, now: datetime) -> bool:
    """Use the relay again at once, held or resting; say whether it was one of them."""
    relay = _locked(session, name, now=now)
    if health_of(relay, now=now).state is RelayState.OPEN:
        return False
    relay.held_at = relay.held_by = relay.closed_until = relay.problem = relay.trial_until = None
    relay.failures = relay.tries = relay.errors = 0
    relay.counted_from, relay.changed_at = None, now
    return True


def health_of(relay: Relay, *, now: datetime) -> RelayHealth:
    """Read a row at this moment."""
    resting = relay.closed_until is not None and relay.closed_until > now
    state = RelayState.OPEN
    if relay.held_at is not None:
        state = RelayState.HELD
    elif resting:
        state = RelayState.RESTING
    elif relay.closed_until is not None:
        state = RelayState.HALF_OPEN
    return RelayHealth(
        label=relay.name,
        state=state,
        until=relay.closed_until if resting else None,
        problem=relay.problem,
        failures=relay.failures,
        held_at=relay.held_at,
        held_by=relay.held_by,
        changed_at=relay.changed_at,
    )


def _locked(session: Session, name: str, *, now: datetime) -> Relay:
    session.execute(
        insert(Relay).values(name=name, changed_at=now).on_conflict_do_nothing(index_elements=[Relay.name])
    )
    query = select(Relay).where(Relay.name == name).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
