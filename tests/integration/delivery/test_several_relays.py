"""Several relays: shares by weight, failover, and nobody waits for a slow or a dead one."""

import socket
from pathlib import Path

import pytest
from sqlalchemy import select, text

from service.db import Sessions, transaction
from service.delivery import relays as relay_rows
from service.delivery.fairness import SLACK
from service.delivery.models import MessageState, Relay
from service.delivery.relays import RelayState
from service.settings import RelayAddress
from tests.fakes import smtp_server
from tests.fakes.smtp_server import DROP, Step
from tests.integration.delivery.fleet_world import BULK, everybody_once, fleet, relay
from tests.integration.delivery.world import account, plan, utc


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_relays_share_a_mailing_by_weight(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 120)
    with smtp_server.running() as heavy, smtp_server.running() as light:
        both = [relay(heavy, weight=3), relay(light, weight=1)]
        assert fleet(committing, both, tmp_path).deliver(BULK).sent == 120
    assert everybody_once(120, heavy, light)
    # Nobody is more than the slack ahead of its share, which is 90 and 30.
    assert 30 - SLACK < len(light.accepted) < 30 + SLACK


def test_a_spare_relay_is_used_only_while_no_other_is(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 40)
    with smtp_server.running() as first, smtp_server.running() as spare:
        both = [relay(first), relay(spare, weight=0)]
        assert fleet(committing, both, tmp_path).deliver(BULK, limit=20).sent == 20
        assert not spare.accepted
        with transaction(committing) as session:
            relay_rows.hold(session, both[0].label, by="operator 1", now=utc())
        assert fleet(committing, both, tmp_path).deliver(BULK).sent == 20
    assert (len(first.accepted), len(spare.accepted)) == (20, 20)
    assert everybody_once(40, first, spare)


def test_a_dead_relay_costs_nobody_his_mail(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 60)
    dead = RelayAddress.parse(f"smtp://127.0.0.1:{closed_port()}")
    with smtp_server.running() as alive:
        assert fleet(committing, [dead, relay(alive)], tmp_path).deliver(BULK).sent == 60
    assert everybody_once(60, alive)
    assert account(committing, mailing_id).by_state == {MessageState.SENT: 60}
    with committing() as session:
        row = session.scalars(select(Relay).where(Relay.name == dead.label)).one()
        assert "cannot be reached" in row.problem


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_what_a_relay_drops_before_the_dot_goes_by_the_other(
    committing: Sessions, tmp_path: Path, verb: str
) -> None:
    plan(committing, 40)
    with (
        smtp_server.running(lambda step: DROP if step.verb == verb else None) as bad,
        smtp_server.running() as good,
    ):
        sender = fleet(committing, [relay(bad), relay(good)], tmp_path)
        for _ in range(4):
            sender.deliver(BULK)
            with transaction(committing) as session:
                session.execute(text("UPDATE messages SET due_at = now() WHERE attempts > 0"))
    assert everybody_once(40, good)
    assert not bad.accepted


def test_a_slow_relay_does_not_hold_a_quick_one(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 60)
    with smtp_server.running(delay=0.2) as slow, smtp_server.running() as quick:
        both = [relay(slow), relay(quick)]
        assert fleet(committing, both, tmp_path).deliver(BULK).sent == 60
    assert everybody_once(60, slow, quick)
    assert len(quick.accepted) > len(slow.accepted) > 0


def test_a_relay_that_worked_in_its_trial_is_open_again(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 12)
    refusing = [True]

    def script(step: Step) -> str | None:
        return "421 4.3.2 closing" if step.verb == "greeting" and refusing[0] else None

    with smtp_server.running(script) as server:
        only = relay(server)
        sender = fleet(committing, [only], tmp_path)
        assert sender.deliver(BULK).sent == 0
        refusing[0] = False
        assert sender.deliver(BULK).sent == 0, "it rests"
        with transaction(committing) as session:
            session.execute(text("UPDATE relays SET closed_until = now()"))
        assert sender.deliver(BULK).sent == 12
    assert everybody_once(12, server)
    with committing() as session:
        assert relay_rows.usable(session, {only.label: only}, now=utc())[only.label].state is RelayState.OPEN


@pytest.mark.parametrize("offers", [("PIPELINING", "SIZE 10485760", "8BITMIME"), ("SIZE 10485760",)])
def test_four_connections_carry_every_byte_once(
    committing: Sessions, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    plan(committing, 200)
    with smtp_server.running(offers=offers) as server:
        assert fleet(committing, [relay(server, connections=4)], tmp_path).deliver(BULK).sent == 200
    assert everybody_once(200, server)
    assert server.connections == 4
    bodies = {each.raw.partition(b"\r\n\r\n")[2] for each in server.accepted}
    assert len(bodies) == 1
    assert len({each.message_id for each in server.accepted}) == 200


def only(sessions: Sessions, mailing_id: int, label: str) -> None:
    """Let every message of a mailing try one relay."""
    with transaction(sessions) as session:
        session.execute(
            text("UPDATE messages SET details = jsonb_build_object('relay', CAST(:label AS text))"),
            {"label": label},
        )


def test_a_message_that_is_to_try_one_relay_goes_there_even_where_it_only_stands_in(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 3)
    with smtp_server.running() as first, smtp_server.running() as spare:
        both = [relay(first), relay(spare, weight=0)]
        only(committing, mailing_id, both[1].label)
        assert fleet(committing, both, tmp_path).deliver(BULK).sent == 3
    assert (len(first.accepted), len(spare.accepted)) == (0, 3)


def test_a_message_that_is_to_try_a_held_relay_waits_and_takes_no_other_way(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 2)
    with smtp_server.running() as first, smtp_server.running() as second:
        both = [relay(first), relay(second)]
        only(committing, mailing_id, both[1].label)
        with transaction(committing) as session:
            relay_rows.hold(session, both[1].label, by="operator 1", now=utc())
        assert fleet(committing, both, tmp_path).deliver(BULK).sent == 0
    assert not first.accepted
    assert account(committing, mailing_id).by_state == {MessageState.PLANNED: 2}
