"""The way out in numbers, read from the senders' counters: now, the last hour, the last day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.delivery.models import Stream, TrafficTally
from service.delivery.traffic import BOUNCED, PLANNED, SECONDS

#: "Now" is so long: two whole stretches and the one under way.
_NOW = timedelta(seconds=2 * SECONDS)
#: How far back the share of errors looks, and the lists behind it.
RECENT = timedelta(minutes=5)
HOUR = timedelta(hours=1)
QUARTERS = 96
#: Rows and columns of the map of errors; the rest is in the list behind it.
_MOST_DOMAINS, _MOST_CODES = 10, 8
_GOOD = "sent"
#: What a list of errors can be asked for, and what people call it.
FATES = {
    "deferred": "to be tried again",
    BOUNCED: "bounced",
    "failed": "failed",
    "unknown": "unknown",
}


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of tries in some time: of a relay, of a domain, or of all."""

    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def errors(self) -> int:
        return self.deferred + self.bounced + self.failed + self.unknown

    @property
    def tries(self) -> int:
        return self.sent + self.errors

    @property
    def percent(self) -> float:
        """Of tries, those that did not end well."""
        return 100 * self.errors / self.tries if self.tries else 0.0


@dataclass(frozen=True, slots=True)
class Minutes:
    """What came into a queue and left it, minute by minute, the oldest first."""

    came: tuple[int, ...] = ()
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour: what was planned in it, and what was sent, by stream."""

    at: datetime
    planned: int
    sent: dict[Stream, int]

    @property
    def all_sent(self) -> int:
        return sum(self.sent.values())


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours in quarters, the oldest first."""

    quarters: tuple[Quarter, ...]

    @property
    def planned(self) -> int:
        return sum(each.planned for each in self.quarters)

    @property
    def sent(self) -> int:
        return sum(each.all_sent for each in self.quarters)

    @property
    def hours(self) -> list[Quarter]:
        """The same by the hour, for a table; quarters of nothing are left out."""
        found: dict[datetime, list[Quarter]] = defaultdict(list)
        for each in self.quarters:
            found[each.at.replace(minute=0)].append(each)
        return [
            Quarter(hour, sum(one.planned for one in parts), _summed(one.sent for one in parts))
            for hour, parts in found.items()
            if any(one.planned or one.all_sent for one in parts)
        ]


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """Errors of the last 24 hours by code and domain, those with the most first."""

    codes: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()
    counts: dict[tuple[int, str], int] = field(default_factory=dict)
    total: int = 0

    @property
    def highest(self) -> int:
        return max(self.counts.values(), default=0)


def read_rate(session: Session, *, now: datetime) -> float:
    """Return the mails sent per second, over the last twenty to thirty seconds."""
    begin = _stretch(now) - _NOW
    sent = session.scalar(
        select(func.sum(TrafficTally.n)).where(TrafficTally.at >= begin, TrafficTally.fate == _GOOD)
    )
    return float(sent or 0) / (now - begin).total_seconds()


def read_fates(session: Session, *, since: datetime) -> Fates:
    """Return what became of all tries since then."""
    return _fates(session, since=since, by=()).get((), Fates())


def fates_by_relay(session: Session, *, since: datetime) -> dict[str, Fates]:
    return {key[0]: each for key, each in _fates(session, since=since, by=("relay",)).items() if key[0]}


def fates_by_domain(session: Session, *, since: datetime) -> dict[str, Fates]:
    """Return the same by recipients' domain; "" stands for many small ones."""
    return {key[0]: each for key, each in _fates(session, since=since, by=("domain",)).items()}


def read_minutes(session: Session, *, now: datetime) -> dict[Stream, Minutes]:
    """Return what came into each queue and left it, in the last sixty minutes."""
    begin = now.replace(second=0, microsecond=0) - timedelta(minutes=59)
    rows = session.execute(
        text(
            """
            SELECT stream, fate, CAST(extract(epoch FROM at - :begin) AS bigint) / 60 AS minute, sum(n) AS n
            FROM traffic_tallies WHERE at >= :begin AND fate IN ('planned', 'sent') GROUP BY 1, 2, 3
            """
        ),
        {"begin": begin},
    )
    found = {(stream, fate): [0] * 60 for stream in Stream for fate in (PLANNED, _GOOD)}
    for stream, fate, minute, n in rows:
        if 0 <= minute < 60:
            found[Stream(stream), fate][minute] = int(n)
    return {stream: Minutes(tuple(found[stream, PLANNED]), tuple(found[stream, _GOOD])) for stream in Stream}


def read_day(session: Session, *, now: datetime) -> Day:
    """Return the last 24 hours in quarters."""
    begin = day_begin(now)
    rows = session.execute(
        text(
            """
            SELECT CAST(extract(epoch FROM at - :begin) AS bigint) / 900 AS quarter, stream, fate, sum(n) AS n
            FROM traffic_tallies WHERE at >= :begin AND fate IN ('planned', 'sent') GROUP BY 1, 2, 3
            """
        ),
        {"begin": begin},
    )
    planned = [0] * QUARTERS
    sent: list[dict[Stream, int]] = [{} for _ in range(QUARTERS)]
    for quarter, stream, fate, n in rows:
        if not 0 <= quarter < QUARTERS:
            continue
        if fate == PLANNED:
            planned[quarter] += int(n)
        else:
            sent[quarter][Stream(stream)] = int(n)
    return Day(
        tuple(Quarter(begin + n * timedelta(minutes=15), planned[n], sent[n]) for n in range(QUARTERS))
    )


def read_errors(session: Session, *, now: datetime) -> ErrorMap:
    """Return the errors of the last 24 hours; the rows behind it are in `ops.trouble`."""
    rows = session.execute(
        select(TrafficTally.code, TrafficTally.domain, func.sum(TrafficTally.n))
        .where(TrafficTally.at >= day_begin(now), TrafficTally.fate.in_(FATES))
        .group_by(TrafficTally.code, TrafficTally.domain)
    )
    counts = {(code, domain): int(n) for code, domain, n in rows}
    by_code: dict[int, int] = defaultdict(int)
    by_domain: dict[str, int] = defaultdict(int)
    for (code, domain), n in counts.items():
        by_code[code] += n
        by_domain[domain] += n
    codes = sorted(sorted(by_code, key=lambda code: -by_code[code])[:_MOST_CODES])
    domains = sorted(by_domain, key=lambda domain: (-by_domain[domain], domain))[:_MOST_DOMAINS]
    return ErrorMap(
        codes=tuple(codes),
        domains=tuple(domains),
        counts={key: n for key, n in counts.items() if key[0] in codes and key[1] in domains},
        total=sum(counts.values()),
    )


def day_begin(now: datetime) -> datetime:
    """Return the quarter of an hour with which the last 24 hours begin, in plots and in lists."""
    quarter = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    return quarter - timedelta(minutes=15 * (QUARTERS - 1))


def _fates(session: Session, *, since: datetime, by: tuple[str, ...]) -> dict[tuple[str, ...], Fates]:
    columns = [getattr(TrafficTally, name) for name in by]
    rows = session.execute(
        select(*columns, TrafficTally.fate, func.sum(TrafficTally.n))
        .where(TrafficTally.at >= since, TrafficTally.fate != PLANNED)
        .group_by(*columns, TrafficTally.fate)
    )
    found: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for *key, fate, n in rows:
        if fate in {_GOOD, *FATES}:
            found[tuple(key)][fate] = int(n)
    return {key: Fates(**each) for key, each in found.items()}


def _stretch(instant: datetime) -> datetime:
    return instant.replace(second=instant.second - instant.second % SECONDS, microsecond=0)


def _summed(parts: Iterable[dict[Stream, int]]) -> dict[Stream, int]:
    found: dict[Stream, int] = defaultdict(int)
    for each in parts:
        for stream, n in each.items():
            found[stream] += n
    return dict(found)
