"""Sign-ups of the last day: how many, what held some of them back, and when somebody should look."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.newsletters.models import Newsletter
from service.subscribers.models import ConsentEvent, ConsentKind
from service.subscribers.signup_models import Held, SignupAttempt, SignupRefusal

PERIOD = timedelta(hours=24)
#: Within the last hour so many are no accident.
MANY_FROM_NETWORK = 20
MANY_FOR_ADDRESS = 20
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Network:
    """Where sign-ups came from; `refused` are those that were told to wait, or taken for machines."""

    name: str
    let_in: int
    mailed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that looks like abuse; it is contained, and still somebody should know."""

    #: "newsletter", "network" or "address": what is flooded, or by whom.
    what: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Signups:
    """The last 24 hours; presses = mailed + held back, whatever held them."""

    presses: int
    mailed: int
    confirmed: int
    #: In the order of Held, without those that held nothing back.
    held: tuple[tuple[Held, int], ...]
    networks: tuple[Network, ...]
    #: (beginning of the hour, mailed, held back), oldest first, quiet hours left out.
    hours: tuple[tuple[datetime, int, int], ...]
    alarms: tuple[Alarm, ...]


def read(session: Session, *, now: datetime) -> Signups:
    """Return what the console shows; addresses are not known here, only hashes of them."""
    since = now - PERIOD
    hours = _by_hour(session, since=since)
    mailed = sum(each[1] for each in hours)
    held = _held(session, since=since)
    return Signups(
        presses=mailed + sum(held.values()),
        mailed=mailed,
        confirmed=session.scalar(
            select(func.count()).where(ConsentEvent.kind == ConsentKind.CONFIRMED, ConsentEvent.at > since)
        )
        or 0,
        held=tuple((each, held[each]) for each in Held if held.get(each)),
        networks=_networks(session, since=since),
        hours=hours,
        alarms=list_alarms(session, now=now),
    )


def list_alarms(session: Session, *, now: datetime) -> tuple[Alarm, ...]:
    """Return what the last hour or so had too much of."""
    hour = now - timedelta(hours=1)
    count = func.sum(SignupRefusal.count)
    refused = select(count).where(SignupRefusal.hour > hour - timedelta(minutes=59))
    flooded = session.execute(
        refused.add_columns(Newsletter.name)
        .join(Newsletter, Newsletter.id == SignupRefusal.newsletter_id)
        .where(SignupRefusal.held_by == Held.NEWSLETTER)
        .group_by(Newsletter.id)
        .order_by(count.desc())
    )
    networks = session.execute(
        refused.add_columns(SignupRefusal.network)
        .where(SignupRefusal.held_by != Held.NEWSLETTER)
        .group_by(SignupRefusal.network)
        .having(count >= MANY_FROM_NETWORK)
        .order_by(count.desc())
        .limit(_SHOWN)
    )
    address = session.scalar(
        select(func.count())
        .select_from(SignupAttempt)
        .where(SignupAttempt.at > hour)
        .group_by(SignupAttempt.email_hash)
        .order_by(func.count().desc())
        .limit(1)
    )
    found = [Alarm("newsletter", name, int(n)) for n, name in flooded]
    found += [Alarm("network", name, int(n)) for n, name in networks]
    if address is not None and address >= MANY_FOR_ADDRESS:
        found.append(Alarm("address", "", address))
    return tuple(found)


def _held(session: Session, *, since: datetime) -> dict[Held, int]:
    silent = session.execute(
        select(SignupAttempt.held_by, func.count())
        .where(SignupAttempt.at > since, SignupAttempt.held_by.is_not(None))
        .group_by(SignupAttempt.held_by)
    )
    told = session.execute(
        select(SignupRefusal.held_by, func.sum(SignupRefusal.count))
        .where(SignupRefusal.hour > since - timedelta(hours=1))
        .group_by(SignupRefusal.held_by)
    )
    return {held: int(n) for held, n in (*silent, *told) if held is not None}


def _networks(session: Session, *, since: datetime) -> tuple[Network, ...]:
    let_in = session.execute(
        select(SignupAttempt.network, func.count(), func.count().filter(SignupAttempt.mailed))
        .where(SignupAttempt.at > since)
        .group_by(SignupAttempt.network)
        .order_by(func.count().desc())
        .limit(_SHOWN)
    )
    total = func.sum(SignupRefusal.count)
    refused = session.execute(
        select(SignupRefusal.network, total)
        .where(SignupRefusal.hour > since - timedelta(hours=1))
        .group_by(SignupRefusal.network)
        .order_by(total.desc())
        .limit(_SHOWN)
    )
    found = {name: Network(name, n, mailed, 0) for name, n, mailed in let_in}
    for name, n in refused:
        known = found.get(name, Network(name, 0, 0, 0))
        found[name] = Network(name, known.let_in, known.mailed, int(n))
    most = sorted(found.values(), key=lambda each: each.let_in + each.refused, reverse=True)
    return tuple(most[:_SHOWN])


def _by_hour(session: Session, *, since: datetime) -> tuple[tuple[datetime, int, int], ...]:
    hour = func.date_trunc("hour", SignupAttempt.at, "UTC")
    attempts = session.execute(
        select(hour, func.count().filter(SignupAttempt.mailed), func.count().filter(~SignupAttempt.mailed))
        .where(SignupAttempt.at > since)
        .group_by(hour)
    )
    refusals = session.execute(
        select(SignupRefusal.hour, func.sum(SignupRefusal.count))
        .where(SignupRefusal.hour > since - timedelta(hours=1))
        .group_by(SignupRefusal.hour)
    )
    found = {start: (mailed, held) for start, mailed, held in attempts}
    for start, n in refusals:
        mailed, held = found.get(start, (0, 0))
        found[start] = mailed, held + int(n)
    return tuple((start, *found[start]) for start in sorted(found))
