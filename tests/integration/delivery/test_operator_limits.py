"""What operators order while mail is going out: rates for mailings and for all of it, and held domains."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.db import Sessions, transaction
from service.delivery import operator_limits
from service.delivery.throttle import Throttle
from tests.fakes import smtp_server
from tests.integration.delivery.fleet_world import BULK, OfDomains, domains, fleet, relay
from tests.integration.delivery.world import account, plan

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def limits(redis_url: str) -> Callable[[], Throttle]:
    prefix = f"test:{uuid4().hex}:"
    return partial(Throttle, redis_url, relay_rates={}, domain_rates={}, prefix=prefix)


def order(sessions: Sessions, name: str, rate: float | None) -> None:
    with transaction(sessions) as session:
        operator_limits.put(session, name, rate=rate, by="operator 1", now=NOW)


def test_a_mailing_with_a_rate_goes_slowly_and_holds_up_no_other(
    committing: Sessions, tmp_path: Path, limits: Callable[[], Throttle]
) -> None:
    slow = plan(committing, 60, cause="blast 1")
    quick = plan(committing, 60, cause="blast 2")
    order(committing, operator_limits.mailing_name(slow), 10.0)
    with smtp_server.running() as server:
        began = time.monotonic()
        fleet(committing, [relay(server)], tmp_path, limits=limits).deliver(BULK, seconds=1.5)
        passed = time.monotonic() - began
    assert account(committing, quick).sent == 60
    assert 1 <= account(committing, slow).sent <= 10 * (passed + 1)
    assert account(committing, slow).adds_up


def test_a_rate_over_everything_is_shared_by_all_mailings_and_lifted_while_it_sends(
    committing: Sessions, tmp_path: Path, limits: Callable[[], Throttle]
) -> None:
    ids = [plan(committing, 40, cause=f"blast {n}") for n in (1, 2)]
    order(committing, operator_limits.ALL, 5.0)
    with smtp_server.running() as server:
        engine = fleet(committing, [relay(server)], tmp_path, limits=limits)
        engine.deliver(BULK, seconds=1.0)
        assert 1 <= len(server.accepted) <= 10
        order(committing, operator_limits.ALL, None)
        engine.deliver(BULK, seconds=10)
    assert [account(committing, each).sent for each in ids] == [40, 40]
    assert len(server.accepted) == 80


def test_a_held_domain_waits_while_the_others_go_on(
    committing: Sessions, tmp_path: Path, limits: Callable[[], Throttle]
) -> None:
    mailing = plan(committing, 20)
    order(committing, operator_limits.domain_name("slow.example"), 0.0)
    with smtp_server.running() as server:
        engine = fleet(
            committing, [relay(server)], tmp_path, OfDomains("slow.example", "quick.example"), limits=limits
        )
        engine.deliver(BULK, seconds=10)
        assert set(domains(server)) == {"quick.example"}
        order(committing, operator_limits.domain_name("slow.example"), None)
        with transaction(committing) as session:
            session.execute(text("UPDATE messages SET due_at = now() WHERE state = 'planned'"))
        engine.deliver(BULK, seconds=10)
    assert account(committing, mailing).sent == 20
