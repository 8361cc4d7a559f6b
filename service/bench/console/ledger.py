"""The ledger: messages by COPY into partitions without indexes, with their tries, events and counters."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.bench.console.copying import NULL, copy
from service.bench.console.mailings import Written
from service.bench.console.people import House
from service.bench.console.size import Course, Planned
from service.db import Sessions, copy_lines, transaction
from service.delivery import partitions
from service.delivery.models import Stream

_SLICE = 50_000
#: Places of a thousand: state, reason, tries.
_PAST = (
    (955, "sent", "", 1),
    (975, "skipped", "too_few", 0),
    (985, "failed", "no_such_mailbox", 1),
    (990, "expired", "too_late", 6),
    (995, "cancelled", "unsubscribed", 0),
    (1000, "skipped", "suppressed", 0),
)
_COURSES = {
    Course.PAST: _PAST,
    Course.GOING: (
        (570, "sent", "", 1),
        (580, "skipped", "too_few", 0),
        (586, "failed", "no_such_mailbox", 1),
        (596, "deferred", "greylisted", 2),
        (1000, "planned", "", 0),
    ),
    Course.PAUSED: ((100, "sent", "", 1), (1000, "planned", "", 0)),
    Course.STOPPED: ((300, "sent", "", 1), (1000, "cancelled", "stopped", 0)),
    Course.SCHEDULED: ((1000, "planned", "", 0),),
}
#: One in so many was handed over without an answer.
_UNKNOWN = 20_011
#: Tries of sent messages are kept so long; of all others for ever.
_TRIES_KEPT = timedelta(days=8)
RELAYS = ("relay-1.example:25", "relay-2.example:587")
_MESSAGES = (
    "mailing_id, id, dedupe_key, stream, kind, subscriber_id, subscription_id, recipe_id, variant, details, "
    "from_seq, to_seq, return_path_token, message_id, state, reason, due_at, attempts, created_at, state_at, "
    "sent_at, returned_at"
)
_ATTEMPTS = "mailing_id, message_id, number, at, relay, phase, outcome, code, enhanced_code, reply"
_SENT = "dot\tsent\t250\t2.0.0\t2.0.0 Ok: queued"
_TRIED = {
    "sent": _SENT,
    "failed": "rcpt\tfailed\t550\t5.1.1\t5.1.1 No such user here",
    "deferred": "rcpt\tdeferred\t451\t4.7.1\t4.7.1 Greylisted, try again in 5 minutes",
    "expired": f"connect\tdeferred\t{NULL}\t{NULL}\tConnection timed out",
    "unknown": f"dot\tunknown\t{NULL}\t{NULL}\t",
}
_TALLIES = text(
    """
    INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
    SELECT mailing_id, state, reason, date_bin('1 hour', state_at, '2000-01-01 00:00+00'), count(*)
    FROM messages GROUP BY 1, 2, 3, 4
    """
)


def write(
    sessions: Sessions,
    houses: Sequence[House],
    mailings: Sequence[Written],
    *,
    progress: Callable[[int, int], None],
) -> None:
    """Write every message, partition by partition; indexes are built when one is attached."""
    total = sum(each.planned.count for each in mailings)
    done, first_id = 0, 1
    numbers = sorted({partitions.number_of(each.id) for each in mailings})
    for number in numbers:
        inside = [each for each in mailings if partitions.number_of(each.id) == number]
        with transaction(sessions) as session:
            session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            for table in partitions.TABLES:
                _make(session, table, number)
            for each in inside:
                _fill(session, each, houses, first_id=first_id, number=number)
                first_id += each.planned.count
                done += each.planned.count
                progress(done, total)
            for table in partitions.TABLES:
                _attach(session, table, number)
    with transaction(sessions) as session:
        session.execute(text("SELECT setval('message_id', :id)"), {"id": first_id})
        partitions.ensure(session, numbers[-1] * partitions.MAILINGS_PER_PARTITION)
        session.execute(_TALLIES)


def _make(session: Session, table: str, number: int) -> None:
    part = partitions.name(table, number)
    session.execute(text(f"DROP TABLE IF EXISTS {part}"))
    session.execute(text(f"CREATE TABLE {part} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))


def _attach(session: Session, table: str, number: int) -> None:
    part, first = partitions.name(table, number), number * partitions.MAILINGS_PER_PARTITION
    last = first + partitions.MAILINGS_PER_PARTITION
    session.execute(
        text(f"ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({first}) TO ({last})")
    )


def _fill(session: Session, written: Written, houses: Sequence[House], *, first_id: int, number: int) -> None:
    recent = written.planned.course is not Course.PAST or written.planned.age < _TRIES_KEPT
    ends, tries = _ends(written), _tries(written)
    for start in range(0, written.planned.count, _SLICE):
        places = range(start, min(start + _SLICE, written.planned.count))
        # Frozen as they come: the tables were made in this transaction, and nobody sees them before its end.
        copy_lines(
            session,
            f"COPY {partitions.name('messages', number)} ({_MESSAGES}) FROM STDIN WITH (FREEZE)",
            _messages(written, houses, ends, places, first_id),
        )
        copy_lines(
            session,
            f"COPY {partitions.name('attempts', number)} ({_ATTEMPTS}) FROM STDIN WITH (FREEZE)",
            _attempts(written, tries, places, first_id, recent),
        )
    _events(session, written, first_id)


def _states(planned: Planned) -> list[tuple[str, str, int]]:
    """Return what became of each place of a thousand, mixed."""
    found, start = [("", "", 0)] * 1000, 0
    for end, state, reason, tries in _COURSES[planned.course]:
        for place in range(start, end):
            # 387 and 1000 have no divisor in common: all places are filled.
            found[place * 387 % 1000] = (state, reason, tries)
        start = end
    return found


def _ends(written: Written) -> list[str]:
    """Return the last fields of a message by its place of a thousand; the last one is of those unknown."""
    at = written.created_at
    ends = []
    for place, (state, reason, tries) in enumerate([*_states(written.planned), ("unknown", "no_reply", 1)]):
        then = at + timedelta(seconds=place)
        sent, back = (
            (then, NULL) if state == "sent" else (NULL, NULL if state in {"planned", "deferred"} else then)
        )
        due = then + timedelta(minutes=5) if state == "deferred" else at
        ends.append(f"{state}\t{reason}\t{due}\t{tries}\t{at}\t{then}\t{sent}\t{back}")
    return ends


def _tries(written: Written) -> list[str | None]:
    found = []
    for place, (state, _, tries) in enumerate([*_states(written.planned), ("unknown", "", 1)]):
        head = f"{tries}\t{written.created_at + timedelta(seconds=place)}\t{RELAYS[place % 2]}"
        found.append(f"{head}\t{_TRIED[state]}" if tries else None)
    return found


def _end_of(place: int) -> int:
    return 1000 if place % _UNKNOWN == 7 else place % 1000


def _messages(
    written: Written, houses: Sequence[House], ends: list[str], places: range, first_id: int
) -> Iterator[str]:
    planned, number = written.planned, written.id
    house = None if planned.newsletter is None else houses[planned.newsletter]
    stream, kind = planned.stream.value, "confirm" if house is None else planned.stream.value
    window = "1\t2" if planned.stream is Stream.DIGEST else f"{NULL}\t{NULL}"
    for place in places:
        message_id = first_id + place
        if house is None:
            subscriber, subscription, key = str(place + 1), NULL, f"confirm {place}.1"
        else:
            # Every mailing begins elsewhere, so that each reader has some.
            at = (place + number * 7919) % house.readers
            subscriber, subscription = str(house.reader_of(at)), str(house.first_subscription + at)
            key = f"subscription {subscription}"
        recipe = NULL if written.first_recipe is None else written.first_recipe + place % written.recipes
        yield (
            f"{number}\t{message_id}\t{key}\t{stream}\t{kind}\t{subscriber}\t{subscription}\t{recipe}\t0\t{{}}\t{window}\t"
            f"{message_id * 7919:024x}\t{message_id:032x}\t{ends[_end_of(place)]}"
        )


def _attempts(
    written: Written, tries: list[str | None], places: range, first_id: int, recent: bool
) -> Iterator[str]:
    for place in places:
        tried = tries[_end_of(place)]
        if tried is not None and (recent or not tried.endswith(_SENT)):
            yield f"{written.id}\t{first_id + place}\t{tried}"


def _events(session: Session, written: Written, first_id: int) -> None:
    """One in a thousand bounced, one in ten thousand complained."""
    at, count = written.created_at + timedelta(hours=1), written.planned.count
    bounced = [(place, "hard_bounce", "dsn") for place in range(3, count, 1000)]
    complained = [(place, "complaint", "arf") for place in range(11, count, 10_000)]
    rows = [
        (written.id, first_id + place, kind, at, channel, f"{kind} {first_id + place}", "{}")
        for place, kind, channel in bounced + complained
    ]
    copy(session, "events", "mailing_id, message_id, kind, at, channel, dedupe_key, details", rows)
