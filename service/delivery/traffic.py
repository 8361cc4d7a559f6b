"""What a sender counts for the console: fates by time, relay, domain and code, and delays by mailing.

A second's counts are written at once, in the transaction that records outcomes; nothing is looked at again
but by the console and by `fold`.
"""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.delivery.claims import numbers
from service.delivery.delays import step_of
from service.delivery.models import MessageState
from service.delivery.outcomes import Outcome
from service.delivery.parcels import Parcel

#: A stretch of time, and how long it is kept so fine: the minutes make an hour's line, the quarters a day's.
SECONDS = 10
FINE_FOR = timedelta(minutes=6)
MINUTES_FOR = timedelta(minutes=75)
KEPT_FOR = timedelta(hours=49)
#: Counts are written this often.
WRITE_SECONDS = 1.0
#: A reader's domain may be his own: beyond so many in one sender, those that say nothing new count together.
MOST_DOMAINS = 300

BOUNCED, PLANNED = "bounced", "planned"

#: beginning of the stretch, stream, fate, relay, domain, code
Key = tuple[int, str, str, str, str, int]

_WRITE = text(
    """
    INSERT INTO traffic_tallies (at, stream, fate, relay, domain, code, n)
    SELECT to_timestamp(at), stream, fate, relay, domain, code, n FROM unnest(
        CAST(:ats AS bigint[]), CAST(:streams AS text[]), CAST(:fates AS text[]), CAST(:relays AS text[]),
        CAST(:domains AS text[]), CAST(:codes AS smallint[]), CAST(:ns AS bigint[])
    ) AS each (at, stream, fate, relay, domain, code, n)
    """
)
_WRITE_DELAYS = text(
    """
    INSERT INTO delay_tallies (mailing_id, step, n)
    SELECT * FROM unnest(CAST(:mailing_ids AS bigint[]), CAST(:steps AS smallint[]), CAST(:ns AS bigint[]))
    """
)


class Traffic:
    """One sender's counts; `write` and `written` as the book's, whose transaction they share."""

    def __init__(self) -> None:
        self._fates: Counter[Key] = Counter()
        self._delays: Counter[tuple[int, int]] = Counter()
        self._writing: tuple[Counter[Key], Counter[tuple[int, int]]] = (Counter(), Counter())
        self._domains: set[str] = set()
        self._written_at = time.monotonic()

    def add(self, outcome: Outcome, parcel: Parcel) -> None:
        """Count what became of a message."""
        at = outcome.at.timestamp()
        stretch = int(at) - int(at) % SECONDS
        stream = parcel.message.stream.value
        if outcome.state is MessageState.SENT:
            self._delays[outcome.mailing_id, step_of(parcel.message, outcome.at)] += 1
            domain = self._known(parcel.domain)
        else:
            domain = parcel.domain
        fate = BOUNCED if outcome.bounce and outcome.state is MessageState.FAILED else outcome.state.value
        self._fates[stretch, stream, fate, outcome.relay, domain, outcome.code or 0] += 1

    def write(self, session: Session, *, all_of_it: bool = False) -> None:
        """Write what was counted, if it is time, in the caller's transaction."""
        if self._writing[0]:
            # A transaction that failed: its counts once more.
            self._fates.update(self._writing[0])
            self._delays.update(self._writing[1])
            self._writing = (Counter(), Counter())
        if not self._fates or (not all_of_it and time.monotonic() - self._written_at < WRITE_SECONDS):
            return
        self._writing = (self._fates, self._delays)
        self._fates, self._delays = Counter(), Counter()
        write_fates(session, self._writing[0])
        if self._writing[1]:
            session.execute(
                _WRITE_DELAYS,
                {
                    "mailing_ids": numbers(key[0] for key in self._writing[1]),
                    "steps": numbers(key[1] for key in self._writing[1]),
                    "ns": numbers(self._writing[1].values()),
                },
            )

    def written(self) -> None:
        """The transaction of `write` is committed."""
        if self._writing[0]:
            self._writing = (Counter(), Counter())
            self._written_at = time.monotonic()

    def _known(self, domain: str) -> str:
        if domain in self._domains:
            return domain
        if len(self._domains) >= MOST_DOMAINS:
            return ""
        self._domains.add(domain)
        return domain


def write_fates(session: Session, counts: Counter[Key]) -> None:
    """Append counts as they are."""
    ats, streams, fates, relays, domains, codes = zip(*counts, strict=True)
    session.execute(
        _WRITE,
        {
            "ats": numbers(ats),
            "streams": list(streams),
            "fates": list(fates),
            "relays": list(relays),
            "domains": list(domains),
            "codes": numbers(codes),
            "ns": numbers(counts.values()),
        },
    )


_FOLD = text(
    """
    WITH crowded AS (
        SELECT date_bin(CAST(:width AS interval), at, '2000-01-01 00:00+00') AS bin FROM traffic_tallies
        WHERE at >= :since AND at < :before GROUP BY 1
        HAVING count(*) > count(DISTINCT (stream, fate, relay, domain, code))
    ), picked AS (
        SELECT t.id FROM traffic_tallies AS t JOIN crowded AS c
            ON t.at >= c.bin AND t.at < c.bin + CAST(:width AS interval)
        FOR UPDATE OF t SKIP LOCKED
    ), gone AS (
        DELETE FROM traffic_tallies WHERE id IN (SELECT id FROM picked)
        RETURNING at, stream, fate, relay, domain, code, n
    ), kept AS (
        INSERT INTO traffic_tallies (at, stream, fate, relay, domain, code, n)
        SELECT date_bin(CAST(:width AS interval), at, '2000-01-01 00:00+00'), stream, fate, relay, domain,
               code, sum(n)
        FROM gone GROUP BY 1, 2, 3, 4, 5, 6
    )
    SELECT count(*) FROM gone
    """
)
_FOLD_DELAYS = text(
    """
    WITH crowded AS (
        SELECT mailing_id FROM delay_tallies GROUP BY mailing_id
        HAVING count(*) - count(DISTINCT step) >= 50
    ), gone AS (
        DELETE FROM delay_tallies WHERE id IN (
            SELECT id FROM delay_tallies WHERE mailing_id IN (SELECT mailing_id FROM crowded)
            FOR UPDATE SKIP LOCKED
        ) RETURNING mailing_id, step, n
    )
    INSERT INTO delay_tallies (mailing_id, step, n)
    SELECT mailing_id, step, sum(n) FROM gone GROUP BY 1, 2
    """
)
_FORGET = text("DELETE FROM traffic_tallies WHERE at < :before")


def fold(session: Session, *, now: datetime) -> int:
    """Make old stretches longer, and forget the oldest; return how many lines went into others."""
    gone = 0
    for width, since, before in (
        ("1 minute", now - MINUTES_FOR, now - FINE_FOR),
        ("15 minutes", now - KEPT_FOR, now - MINUTES_FOR),
    ):
        # Whole bins of the wider kind only: a stretch that is half folded would be counted into two.
        end = _floor(before, minutes=15 if width == "15 minutes" else 1)
        begin = _floor(since, minutes=15)
        values = {"width": width, "since": begin, "before": end}
        gone += int(session.scalar(_FOLD, values) or 0)
    session.execute(_FORGET, {"before": now - KEPT_FOR})
    session.execute(_FOLD_DELAYS)
    return gone


def _floor(instant: datetime, *, minutes: int) -> datetime:
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % (60 * minutes), UTC)
