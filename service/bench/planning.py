"""Measures how long a blast takes from "send" until every reader has a row in the ledger."""

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from service.bench import audience, content
from service.bench.assembling_worker import LINKS
from service.bench.database import Database, throwaway
from service.bench.plan import BenchmarkError
from service.bench.runner import Progress
from service.blasts import sending
from service.blasts.models import Blast, BlastState
from service.clock import utc_now
from service.db import transaction
from service.delivery import accounting
from service.delivery.models import Message


@dataclass(frozen=True, slots=True)
class PlanningReport:
    """One measurement; the costs are microseconds of CPU per reader."""

    readers: int
    set_up_seconds: float
    #: From the operator's "send" to the last row.
    seconds: float
    rows_per_second: float
    worker_cpu_us: float
    postgres_cpu_us: float
    #: The worker before and after: it does not grow with the readers.
    worker_mb_before: float
    worker_mb_after: float
    adds_up: bool

    def as_json(self) -> dict[str, Any]:
        return {
            key: round(each, 3) if isinstance(each, float) else each for key, each in asdict(self).items()
        }

    def lines(self) -> list[str]:
        return [
            f"{self.readers:,} readers of a blast have their row in the ledger",
            "",
            f"  time          {self.seconds:9.1f} s",
            f"  rate          {self.rows_per_second:9,.0f} rows/s",
            f"  PostgreSQL    {self.postgres_cpu_us:9.1f} µs of CPU per reader",
            f"  worker        {self.worker_cpu_us:9.1f} µs of CPU per reader",
            f"  its memory    {self.worker_mb_before:9.0f} MB before, {self.worker_mb_after:.0f} MB after",
            "",
            "  It adds up: every reader is counted once." if self.adds_up else "  It does NOT add up.",
        ]


def run(readers: int, progress: Progress) -> PlanningReport:
    """Measure on a database that is gone afterwards.

    :raises BenchmarkError: the rows are not those of the readers.
    """
    progress.say("Starting a database")
    began = time.monotonic()
    with throwaway() as database:
        now = utc_now()
        newsletter = audience.write(
            database.sessions, count=readers, now=now - timedelta(days=30), progress=progress.sent
        )
        progress.say("Settling the tables")
        database.settle()
        blast_id = _draft(database, newsletter.id, now=now)
        return _measure(database, blast_id, readers, set_up=time.monotonic() - began, now=now)


def _draft(database: Database, newsletter_id: int, *, now: datetime) -> int:
    blast = Blast(
        newsletter_id=newsletter_id,
        subject="The harbour opens early this year",
        body_markdown=content.blast_markdown(200),
        topic_ids=[],
        state=BlastState.DRAFT,
        created_by=1,
        created_at=now,
    )
    with transaction(database.sessions) as session:
        session.add(blast)
        session.flush()
        return blast.id


def _measure(
    database: Database, blast_id: int, readers: int, *, set_up: float, now: datetime
) -> PlanningReport:
    meter = database.meter()
    meter.start()
    meter.look()
    before = meter.peak_mb["worker"]
    began = time.monotonic()
    with transaction(database.sessions) as session:
        blast = sending.start(session, blast_id, confirmed_count=readers, links=LINKS, actor="bench", now=now)
    planned = sending.fan_out(database.sessions, now=now, seconds=3600)
    seconds = time.monotonic() - began
    meter.stop()
    with database.sessions() as session:
        mailing_id = blast.mailing_id or 0
        rows = session.scalar(
            select(func.count()).select_from(Message).where(Message.mailing_id == mailing_id)
        )
        account = accounting.accounts(session, [mailing_id])[mailing_id]
    if not planned == rows == readers:
        raise BenchmarkError(f"{readers:,} readers, but {planned:,} rows planned and {rows or 0:,} found.")
    return PlanningReport(
        readers=readers,
        set_up_seconds=set_up,
        seconds=seconds,
        rows_per_second=readers / seconds,
        # The server is a child of this process.
        worker_cpu_us=(meter.cpu["worker"] - meter.cpu["postgres"]) / readers * 1e6,
        postgres_cpu_us=meter.cpu["postgres"] / readers * 1e6,
        worker_mb_before=before,
        worker_mb_after=meter.peak_mb["worker"],
        adds_up=account.adds_up and account.pending == account.eligible == readers,
    )
