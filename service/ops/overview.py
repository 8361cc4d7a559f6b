"""The console's front page in two parts: the pulse, read every second, and the state of the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import CategoryMapping, Source
from service.delivery import queries as delivery
from service.delivery.limit_view import LimitView
from service.delivery.relays import RelayHealth, health_of
from service.newsletters import queries as newsletters
from service.ops import heartbeats, queue, reader_counts
from service.ops.blasts import Dropped, list_dropped
from service.ops.flow import Flow, midnight, read_flow
from service.ops.missed import Missed, list_missed
from service.ops.queue import Line
from service.ops.signups import Alarm, list_alarms
from service.subscribers.models import SubscriptionState

#: How far the overview looks ahead.
HORIZON = timedelta(hours=24)
#: Workers start within seconds of each other; these two must be there for anything to happen.
NEEDED = ("worker", "beat")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, alive or silent; `seen_at` is None for one that should be there and never was."""

    kind: str
    name: str
    alive: bool
    seen_at: datetime | None
    version: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """What changes by the second."""

    flow: Flow
    processes: tuple[Process, ...]
    relays: tuple[RelayHealth, ...]
    #: Limits in force that receivers or relays asked for.
    slowed: tuple[LimitView, ...]
    #: Mailings with something to send, and paused ones.
    running: tuple[Line, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds of processes without which nothing is sent, and none of which is alive."""
        alive = {process.kind for process in self.processes if process.alive}
        return tuple(kind for kind in NEEDED if kind not in alive)


@dataclass(frozen=True, slots=True)
class NotReady:
    """A newsletter that may not send yet, and what it lacks, in sentences."""

    newsletter_id: int
    name: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailingSource:
    """A feed whose latest polls failed."""

    source_id: int
    name: str
    failures: int
    error: str
    last_success_at: datetime | None


@dataclass(frozen=True, slots=True)
class House:
    """What changes by the hour."""

    active: int
    unconfirmed: int
    #: From this UTC day on; the lists of those who joined and left begin with it.
    week_from: date
    joined_this_week: int
    left_this_week: int
    #: (start of the hour, readers due in it), the next 24 hours.
    due: tuple[tuple[datetime, int], ...]
    failing: tuple[FailingSource, ...]
    sources: int
    unmapped: int
    not_ready: tuple[NotReady, ...]
    newsletters: int
    missed: tuple[Missed, ...]
    dropped: tuple[Dropped, ...]
    #: Sign-ups that look like abuse.
    floods: tuple[Alarm, ...]


def read_pulse(session: Session, *, now: datetime, limits: Sequence[LimitView] = ()) -> Pulse:
    """Return what changes by the second; cheap enough to be asked that often."""
    lines = queue.list_open(session)
    return Pulse(
        flow=read_flow(session, now=now),
        processes=list_processes(session, now=now),
        relays=tuple(health_of(relay, now=now) for relay in delivery.list_relays(session)),
        slowed=tuple(limit for limit in limits if limit.slowed_since is not None),
        running=tuple(line for line in lines if not line.is_idle),
    )


def list_processes(session: Session, *, now: datetime) -> tuple[Process, ...]:
    """Return the processes that are remembered: workers, beat, web."""
    return tuple(
        Process(
            kind=each.kind,
            name=each.name,
            alive=heartbeats.is_alive(each, now=now),
            seen_at=each.seen_at,
            version=each.version,
            started_at=each.started_at,
        )
        for each in heartbeats.list_processes(session)
    )


def read_house(session: Session, *, now: datetime) -> House:
    """Return what changes by the hour."""
    week = midnight(now) - timedelta(days=6)
    came, went = reader_counts.came_and_went(session, since=week)
    ready = [(each, newsletters.missing_for_sending(each)) for each in newsletters.list_open(session)]
    return House(
        active=reader_counts.count_state(session, SubscriptionState.ACTIVE),
        unconfirmed=reader_counts.count_state(session, SubscriptionState.PENDING),
        week_from=week.date(),
        joined_this_week=came,
        left_this_week=went,
        due=reader_counts.due_by_hour(session, now=now, horizon=HORIZON),
        failing=_failing_sources(session),
        sources=session.scalar(select(func.count()).select_from(Source).where(Source.enabled)) or 0,
        unmapped=session.scalar(
            select(func.count())
            .select_from(CategoryMapping)
            .where(CategoryMapping.topic_id.is_(None), CategoryMapping.ignored.is_(False))
        )
        or 0,
        not_ready=tuple(NotReady(each.id, each.name, tuple(missing)) for each, missing in ready if missing),
        newsletters=len(ready),
        missed=tuple(list_missed(session, now=now)),
        dropped=tuple(list_dropped(session, now=now)),
        floods=list_alarms(session, now=now),
    )


def _failing_sources(session: Session) -> tuple[FailingSource, ...]:
    rows = session.scalars(
        select(Source).where(Source.enabled, Source.last_error.is_not(None)).order_by(Source.failures.desc())
    )
    return tuple(
        FailingSource(row.id, row.name, row.failures, row.last_error or "", row.last_success_at)
        for row in rows
    )
