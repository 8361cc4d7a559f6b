"""What senders count for the console: fates by time, relay, domain and code; folded without losing any."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import traffic
from service.delivery.models import DelayTally, TrafficTally
from tests.fakes import smtp_server
from tests.fakes.smtp_server import Step
from tests.integration.delivery.fleet_world import BULK, OfDomains, fleet, relay
from tests.integration.delivery.world import plan

NOW = datetime(2026, 11, 24, 9, 7, tzinfo=UTC)


def counted(session: Session, *by: str) -> dict[tuple[object, ...], int]:
    columns = [getattr(TrafficTally, name) for name in by]
    rows = session.execute(select(*columns, func.sum(TrafficTally.n)).group_by(*columns))
    return {tuple(row[:-1]): int(row[-1]) for row in rows}


def test_every_fate_is_counted_with_its_relay_domain_and_code(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 30)

    def script(step: Step) -> str | None:
        if step.verb != "RCPT":
            return None
        return {"full.example": "452 4.2.2 full", "gone.example": "550 5.1.1 unknown"}.get(
            step.line.partition("@")[2].partition(">")[0]
        )

    with smtp_server.running(script) as server:
        only = relay(server)
        compose = OfDomains("good.example", "full.example", "gone.example")
        fleet(committing, [only], tmp_path, compose).deliver(BULK)
    with committing() as session:
        found = counted(session, "fate", "relay", "domain", "code")
        delays = session.scalar(
            select(func.sum(DelayTally.n)).where(DelayTally.mailing_id == mailing_id, DelayTally.step <= 30)
        )
    assert found == {
        ("planned", "", "", 0): 30,
        ("sent", only.label, "good.example", 250): 10,
        ("deferred", only.label, "full.example", 452): 10,
        ("bounced", only.label, "gone.example", 550): 10,
    }
    assert delays == 10


def test_folding_makes_few_lines_of_many_and_loses_no_count(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        for minutes in range(0, 48 * 60, 4):
            at = int((NOW - timedelta(minutes=minutes)).timestamp())
            keys = [
                (at + s, "blast", "sent", "relay:25", f"d{n}.example", 250) for s in (0, 10) for n in (1, 2)
            ]
            traffic.write_fates(session, Counter(dict.fromkeys(keys, 3)))
        before = session.scalar(select(func.count()).select_from(TrafficTally)) or 0
        whole = counted(session, "domain")
        assert traffic.fold(session, now=NOW) > before / 2
        assert counted(session, "domain") == whole
        after = session.scalar(select(func.count()).select_from(TrafficTally)) or 0
        assert after < before / 4
        assert traffic.fold(session, now=NOW) == 0
        recent = counted(session, "at")
        assert (NOW - timedelta(minutes=4) + timedelta(seconds=10),) in recent
        traffic.fold(session, now=NOW + timedelta(days=3))
        assert counted(session, "domain") == {}
