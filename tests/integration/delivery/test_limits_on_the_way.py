"""Limits that engines keep together, and what slows one domain but not the others."""

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.db import Sessions, transaction
from service.delivery.models import MessageState
from service.delivery.throttle import Throttle
from tests.fakes import smtp_server
from tests.fakes.smtp_server import Step
from tests.integration.delivery.fleet_world import BULK, OfDomains, domains, everybody_once, fleet, relay
from tests.integration.delivery.world import account, plan

SLOW, QUICK = "slow.example", "quick.example"
Limits = Callable[..., Callable[[], Throttle]]


@pytest.fixture
def limits(redis_url: str) -> Limits:
    """Make the factory that an engine asks for its limits."""
    prefix = f"test:{uuid4().hex}:"

    def make(url: str = redis_url, **values: object) -> Callable[[], Throttle]:
        given = {"relay_rates": {}, "domain_rates": {}, "prefix": prefix, **values}
        return partial(Throttle, url, **given)  # type: ignore[arg-type]  # the tests' own values

    return make


def test_two_engines_together_keep_within_a_relays_rate(
    committing: Sessions, tmp_path: Path, limits: Limits
) -> None:
    plan(committing, 200)
    with smtp_server.running() as server:
        only = relay(server)
        make = limits(relay_rates={only.label: 20.0})
        engines = [fleet(committing, [only], tmp_path, limits=make) for _ in range(2)]
        threads = [
            threading.Thread(target=each.deliver, args=(BULK,), kwargs={"seconds": 2}) for each in engines
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed = time.monotonic() - began
    # A burst of one second's worth may come on top, and nothing beyond it.
    assert 5 <= len(server.accepted) <= 20 * (passed + 1)
    assert len(set(server.recipients)) == len(server.recipients)


def test_a_limited_domain_holds_no_other_and_loses_nobody(
    committing: Sessions, tmp_path: Path, limits: Limits
) -> None:
    plan(committing, 80)
    with smtp_server.running() as server:
        make = limits(domain_rates={SLOW: 4.0})
        fleet(committing, [relay(server)], tmp_path, OfDomains(SLOW, QUICK), limits=make).deliver(
            BULK, seconds=2.5
        )
        assert domains(server)[QUICK] == 40
        assert domains(server)[SLOW] <= 4 * 4
        with transaction(committing) as session:
            session.execute(text("UPDATE messages SET due_at = now() WHERE state = 'planned'"))
        fleet(committing, [relay(server)], tmp_path, OfDomains(SLOW, QUICK)).deliver(BULK)
    assert everybody_once(80, server)


def test_a_domain_that_asks_for_patience_gets_it_and_the_others_their_mail(
    committing: Sessions, tmp_path: Path, limits: Limits
) -> None:
    mailing_id = plan(committing, 60)

    def script(step: Step) -> str | None:
        return "451 4.7.0 too fast" if step.verb == "RCPT" and SLOW in step.line else None

    with smtp_server.running(script) as server:
        sender = fleet(committing, [relay(server)], tmp_path, OfDomains(SLOW, QUICK, QUICK), limits=limits())
        sender.deliver(BULK, seconds=3)
        # One asked for patience for all of its kind: hardly any was tried again at once.
        asked = sum(SLOW in command for command in server.commands if command.startswith("RCPT"))
    assert domains(server) == {QUICK: 40}
    assert asked < 20
    found = account(committing, mailing_id)
    assert found.by_state[MessageState.SENT] == 40
    assert found.pending == 20


def test_without_redis_mail_goes_on_within_the_limit(
    committing: Sessions, tmp_path: Path, limits: Limits
) -> None:
    plan(committing, 60)
    with smtp_server.running() as server:
        only = relay(server)
        make = limits("unix:///nowhere/redis.sock", relay_rates={only.label: 20.0}, least_workers=2)
        began = time.monotonic()
        fleet(committing, [only], tmp_path, limits=make).deliver(BULK, seconds=2)
        passed = time.monotonic() - began
        # Its own part of the limit: half, since there are two of its kind.
        assert 1 <= len(server.accepted) <= 10 * (passed + 1)
        with transaction(committing) as session:
            session.execute(text("UPDATE messages SET due_at = now() WHERE state = 'planned'"))
        fleet(committing, [only], tmp_path).deliver(BULK)
    assert everybody_once(60, server)
