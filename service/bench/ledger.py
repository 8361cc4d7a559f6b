"""Measures how quick the ledger is with years of mail in it: the questions that are asked all the time."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.bench import past
from service.bench.database import Database, throwaway
from service.bench.past import Past
from service.bench.runner import Progress
from service.clock import utc_now
from service.db import transaction
from service.delivery import accounting, claims, mailings, planning
from service.delivery.models import Message, MessageState, Stream
from service.delivery.outcomes import Outcome, record
from service.ops import due, flow, messages, queue
from service.ops.messages import Filter
from service.recipes import queries as recipes
from service.recipes.queries import MEMORY

#: Messages of the mailing that is being sent meanwhile.
LIVE = 50_000
_OWNER = "bench"

#: Asks one thing; the number says which time it is.
Question = Callable[[Session, int], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds until the answer was there, commit included."""

    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """One measurement."""

    rows: int
    mailings: int
    fill_seconds: float
    ledger_gb: float
    timings: dict[str, Timing] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        timings = {
            name: {key: round(ms, 3) for key, ms in asdict(each).items()}
            for name, each in self.timings.items()
        }
        return {
            "rows": self.rows,
            "mailings": self.mailings,
            "fill_seconds": round(self.fill_seconds, 1),
            "ledger_gb": round(self.ledger_gb, 2),
            "timings": timings,
        }

    def lines(self) -> list[str]:
        head = f"{self.rows:,} messages of {self.mailings:,} mailings ({self.ledger_gb:.1f} GB with indexes)"
        rows = [f"  {name:<36}{each.median_ms:9.2f}{each.p95_ms:9.2f}" for name, each in self.timings.items()]
        return [head, "", f"  {'milliseconds':<36}{'median':>9}{'p95':>9}", *rows]


def run(rows: int, progress: Progress, *, rounds: int) -> LedgerReport:
    """Ask every question so many times, on a database that is gone afterwards."""
    progress.say("Starting a database")
    with throwaway() as database:
        now = utc_now()
        began = time.monotonic()
        filled = past.write(database.sessions, rows=rows, now=now, progress=progress.sent)
        live = _live(database, now=now)
        progress.say("Settling the tables")
        database.settle()
        seconds = time.monotonic() - began
        timings = {}
        for name, question in _questions(filled, live, now=now).items():
            progress.say(f"Asking: {name}")
            timings[name] = _time(database, question, rounds)
        timings |= _sending(database, rounds, now=now)
        return LedgerReport(filled.rows, len(filled.mailing_ids), seconds, _gigabytes(database), timings)


def _live(database: Database, *, now: datetime) -> int:
    """Begin a blast to the first readers of the past."""
    with transaction(database.sessions) as session:
        mailing = mailings.open_mailing(
            session, stream=Stream.BLAST, cause="bench", title="Benchmark", list_id=1, now=now
        )
        numbers = func.generate_series(1, LIVE).table_valued("n").render_derived().c.n
        planning.put_audience(
            session, mailing, select(numbers, numbers.label("m")), kind="blast", recipe_id=None, now=now
        )
        mailings.finish_planning(session, mailing.id, now=now)
        return mailing.id


def _questions(filled: Past, live: int, *, now: datetime) -> dict[str, Question]:
    ids = filled.mailing_ids

    def reader(n: int) -> int:
        # Spread over all of them.
        return n * 7919 % filled.readers + 1

    def of_reader(session: Session, n: int) -> object:
        return session.scalars(select(Message).where(Message.subscriber_id == reader(n))).all()

    def trouble(session: Session, _: int) -> object:
        return messages.list_page(session, Filter(frozenset({MessageState.FAILED, MessageState.EXPIRED})))

    def in_hand(session: Session, _: int) -> object:
        return messages.list_page(session, Filter(messages.IN_HAND))

    return {
        "one reader's messages": of_reader,
        "what 100 readers received": lambda session, n: recipes.received(
            session, [reader(n * 100 + each) for each in range(100)], since=now - MEMORY
        ),
        "the tick's question": lambda session, _: due.due_tasks(session, now=now),
        "close finished mailings": lambda session, _: mailings.close_finished(session, now=now),
        "one mailing's account": lambda session, n: accounting.accounts(session, [ids[n % len(ids)]]),
        "the console's front page": lambda session, _: flow.read_flow(session, now=now),
        "the console's page of mailings": lambda session, _: queue.list_closed(session),
        "the console's list of failed ones": trouble,
        "the console's list of those in hand": in_hand,
        "one mailing's sent ones": lambda session, n: messages.list_page(
            session, Filter(frozenset({MessageState.SENT}), mailing_id=ids[n % len(ids)])
        ),
        "what dead senders held": lambda session, _: session.execute(
            text("SELECT DISTINCT owner FROM messages WHERE owner IS NOT NULL")
        ).all(),
        "stop's look for what is pending": lambda session, _: session.execute(
            text(
                "SELECT 1 FROM messages WHERE mailing_id = :id AND state IN ('planned', 'deferred') LIMIT 1"
            ),
            {"id": live},
        ).all(),
    }


def _time(database: Database, question: Question, rounds: int) -> Timing:
    taken = []
    for n in range(rounds):
        began = time.perf_counter()
        with transaction(database.sessions) as session:
            question(session, n)
        taken.append(time.perf_counter() - began)
    return _timing(taken)


def _sending(database: Database, rounds: int, *, now: datetime) -> dict[str, Timing]:
    """Take windows and record them, as a sender does but for the mail itself."""
    taken: dict[str, list[float]] = {"claim 64": [], "record 64": []}
    places: dict[int, tuple[datetime, int]] = {}
    for _ in range(rounds):
        began = time.perf_counter()
        with transaction(database.sessions) as session:
            window = claims.pick(session, Stream.BLAST, limit=claims.WINDOW, now=now, after=places)
            hashes = {(each.mailing_id, each.id): each.id.to_bytes(32) for each in window}
            going = claims.begin(session, hashes, owner=_OWNER, seconds=600, now=now)
        places = {window[-1].mailing_id: (window[-1].due_at, window[-1].id)}
        claimed = time.perf_counter()
        outcomes = [_sent(key, now) for key in sorted(going)]
        with transaction(database.sessions) as session:
            record(session, outcomes, owner=_OWNER)
        recorded = time.perf_counter()
        for name, each in zip(taken, (claimed - began, recorded - claimed), strict=True):
            taken[name].append(each)
    return {name: _timing(each) for name, each in taken.items()}


def _sent(key: tuple[int, int], now: datetime) -> Outcome:
    return Outcome(
        *key,
        MessageState.SENT,
        now,
        phase="dot",
        code=250,
        enhanced_code="2.0.0",
        reply="2.0.0 Ok: queued",
        relay="127.0.0.1:25",
    )


def _timing(taken: list[float]) -> Timing:
    each = sorted(taken)
    return Timing(median(each) * 1000, each[int(len(each) * 0.95)] * 1000)


def _gigabytes(database: Database) -> float:
    with database.sessions() as session:
        size = session.scalar(
            text("SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('messages')")
        )
        return float(size or 0) / 1e9
