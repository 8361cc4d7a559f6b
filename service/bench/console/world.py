"""The whole world of the console's benchmark, written into an empty database."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from service.bench.console import counters, ledger, mailings, people, reading, sending
from service.bench.console.size import Size, timeline
from service.bench.runner import Progress
from service.bootstrap import Runtime
from service.clock import utc_now
from service.db import transaction
from service.digests import tallying


def write(runtime: Runtime, size: Size, *, now: datetime, progress: Progress) -> None:
    """Write everything; the same size makes the same world."""
    progress.say("Writing readers")
    with transaction(runtime.sessions) as session:
        admin = sending.operators(session, now=now)
        houses = people.newsletters(session, size, now=now)
        people.readers(
            session, size, houses, hash_address=runtime.hash_address, now=now, progress=progress.sent
        )
        progress.say("Writing articles, editions and blasts")
        reading.articles(session, size, houses, now=now)
        reading.curations(session, houses, size, now=now)
        written = mailings.write(session, size, houses, timeline(size), links=runtime.links, now=now)
        sending.write(session, houses, written, admin, now=now)
        reading.clicks(session, size, [each.id for each in written], now=now)
        counters.audit(session, size, now=now)
    progress.say("Writing the ledger")
    ledger.write(runtime.sessions, houses, written, progress=progress.sent)
    with transaction(runtime.sessions) as session:
        counters.reports(session, size, houses, written, now=now)
    _settle(runtime, progress.say)


def freshen(runtime: Runtime) -> None:
    """Bring up to the minute what pages show of the last day."""
    with transaction(runtime.sessions) as session:
        counters.last_day(session, now=utc_now())
        tallying.count(session, now=utc_now())


def ledger_gigabytes(runtime: Runtime) -> float:
    with runtime.sessions() as session:
        size = session.scalar(
            text("SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('messages')")
        )
        return float(size or 0) / 1e9


def _settle(runtime: Runtime, say: Callable[[str], None]) -> None:
    """Leave the tables as a day of autovacuum would, and nothing waiting to be written."""
    say("Settling the tables")
    with runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
