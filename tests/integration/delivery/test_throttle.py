"""Limits shared through Redis: together within the rate, slower without Redis, and never faster by a loss."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from service.delivery.replies import Phase, classify, make_reply
from service.delivery.shared_limits import ANSWER_SECONDS
from service.delivery.slowing import Way
from service.delivery.throttle import Throttle
from service.embedded.valkey import EmbeddedValkey

RELAY = "relay.example:25"
GMAIL = "gmail.com"


@pytest.fixture
def prefix() -> str:
    """A corner of its own in the shared server."""
    return f"test:{uuid4().hex}:"


class Clock:
    """A worker's own clock, for what would take too long."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Make = Callable[..., Throttle]


@pytest.fixture
def make(redis_url: str, prefix: str) -> Iterator[Make]:
    made: list[Throttle] = []

    def make(url: str = redis_url, **values: object) -> Throttle:
        given = {"relay_rates": {}, "domain_rates": {}, "prefix": prefix, **values}
        made.append(Throttle(url, **given))  # type: ignore[arg-type]  # the tests' own values
        return made[-1]

    yield make
    for throttle in made:
        throttle.close()


@contextmanager
def own_server(folder: Path) -> Iterator[tuple[str, int]]:
    """A Valkey that a test may freeze and kill: its address and process."""
    with EmbeddedValkey(folder).running() as url, redis.Redis.from_url(url) as client:
        yield url, client.info()["process_id"]


def says(throttle: Throttle, line: str, *, phase: Phase = Phase.RCPT, domain: str = GMAIL) -> None:
    reply = make_reply(int(line[:3]), [line[4:]])
    throttle.heard(RELAY, domain, phase=phase, verdict=classify(phase, reply), reply=reply)


def accept(throttle: Throttle, n: int, *, domain: str = GMAIL) -> None:
    for _ in range(n):
        says(throttle, "250 2.0.0 ok", phase=Phase.DOT, domain=domain)


def commands(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        stats = client.info("commandstats")
    return sum(int(stats.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("evalsha", "eval"))


def drain(throttle: Throttle, seconds: float, *, want: int = 64, domain: str = GMAIL) -> int:
    ends, granted = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        granted += throttle.grant(RELAY, {domain: want}).now[domain]
        time.sleep(0.005)
    return granted


def test_without_a_limit_everything_is_granted_and_redis_is_not_asked(make: Make, redis_url: str) -> None:
    throttle = make()
    throttle.grant(RELAY, {GMAIL: 1})
    before = commands(redis_url)
    for _ in range(200):
        grant = throttle.grant(RELAY, {GMAIL: 40, "example.org": 24})
        assert (grant.now, grant.wait) == ({GMAIL: 40, "example.org": 24}, {})
        accept(throttle, 3)
        throttle.give_back(RELAY, GMAIL)
    assert commands(redis_url) == before


def test_a_domain_has_its_own_limit_and_the_others_go_on(make: Make) -> None:
    throttle = make(domain_rates={GMAIL: 2})
    grant = throttle.grant(RELAY, {GMAIL: 10, "example.org": 10})
    assert grant.now == {GMAIL: 0, "example.org": 10}
    assert set(grant.wait) == {GMAIL}
    assert 0 < grant.wait[GMAIL] <= 0.5
    time.sleep(grant.wait[GMAIL] + 0.02)
    assert throttle.grant(RELAY, {GMAIL: 10}).now == {GMAIL: 1}


def test_the_star_is_every_other_domain_by_itself(make: Make) -> None:
    throttle = make(domain_rates={"*": 4, "free.example": 1000})
    throttle.grant(RELAY, {"a.example": 9, "b.example": 9, "free.example": 9})
    time.sleep(0.6)
    grant = throttle.grant(RELAY, {"a.example": 9, "b.example": 9, "free.example": 9})
    assert grant.now == {"a.example": 2, "b.example": 2, "free.example": 9}


def test_a_relay_limit_is_for_all_domains_together(make: Make) -> None:
    throttle = make(relay_rates={RELAY: 20})
    throttle.grant(RELAY, {"a.example": 1})
    time.sleep(0.7)
    grant = throttle.grant(RELAY, {"a.example": 6, "b.example": 6})
    assert grant.now == {"a.example": 6, "b.example": 4}
    assert set(grant.wait) == {"b.example"}
    assert throttle.grant("other:25", {"a.example": 99}).now == {"a.example": 99}


def test_what_is_given_back_can_be_granted_again(make: Make) -> None:
    throttle = make(relay_rates={RELAY: 0.5})
    throttle.grant(RELAY, {GMAIL: 1})
    time.sleep(2.1)
    assert throttle.grant(RELAY, {GMAIL: 5}).now == {GMAIL: 1}
    assert throttle.grant(RELAY, {GMAIL: 5}).now == {GMAIL: 0}
    throttle.give_back(RELAY, GMAIL)
    assert throttle.grant(RELAY, {GMAIL: 5}).now == {GMAIL: 1}


def test_two_processes_together_keep_within_the_rate(redis_url: str, prefix: str) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.integration.delivery.granting_process",
        redis_url,
        "80",
        "1.5",
        prefix,
    ]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [child.communicate()[0].split() for child in children]
    granted = [int(each[0]) for each in found]
    time_taken = max(float(each[2]) for each in found) - min(float(each[1]) for each in found)
    assert sum(granted) <= 80 * time_taken
    assert sum(granted) > 40


def test_two_threads_share_a_limit_that_one_of_them_met(make: Make) -> None:
    first, second = make(), make()
    for throttle in (first, second):
        accept(throttle, 200)
        throttle.grant(RELAY, {GMAIL: 1})
    says(first, "451 4.7.1 too fast")
    assert first.grant(RELAY, {GMAIL: 64}).now[GMAIL] < 64
    time.sleep(2.1)  # until the second one looks again
    granted: list[int] = []
    threads = [
        threading.Thread(target=lambda each=each: granted.append(drain(each, 1.0)))
        for each in (first, second)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.monotonic() - began
    (view,) = first.snapshot()
    assert (view.way, view.subject, view.why) == (Way.DOMAIN, GMAIL, "451 4.7.1 too fast")
    assert view.slowed_since is not None
    assert 10 < view.rate < 45
    assert sum(granted) <= view.rate * taken + view.rate / 2 + 1


def test_a_slowed_way_creeps_up_until_the_limit_is_dropped(make: Make, redis_url: str, prefix: str) -> None:
    throttle = make()
    accept(throttle, 5)
    says(throttle, "421 4.3.2 busy", domain="")
    (view,) = throttle.snapshot()
    assert (view.way, view.subject, view.configured) == (Way.RELAY, RELAY, None)
    slow = view.rate
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(40):
            # As if mail had gone through for ten seconds.
            key = f"{prefix}relay:{RELAY}"
            if not client.exists(key):
                break
            client.hset(key, "crept_at", float(client.hget(key, "crept_at") or 0) - 10)
            accept(throttle, 1)
            throttle.grant(RELAY, {GMAIL: 1})
            views = throttle.snapshot()
            assert not views or views[0].rate >= slow
            slow = views[0].rate if views else slow
    assert throttle.snapshot() == []
    assert throttle.grant(RELAY, {GMAIL: 64}).now == {GMAIL: 64}


def test_a_configured_limit_is_slowed_and_comes_back_to_its_rate(
    make: Make, redis_url: str, prefix: str
) -> None:
    throttle = make(relay_rates={RELAY: 100})
    throttle.grant(RELAY, {GMAIL: 64})
    accept(throttle, 100)
    says(throttle, "421 4.3.2 busy", domain="")
    (view,) = throttle.snapshot()
    assert view.configured == 100
    assert view.rate <= 50
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(40):
            client.hset(f"{prefix}relay:{RELAY}", "crept_at", time.time() - 15)
            accept(throttle, 1)
            throttle.grant(RELAY, {GMAIL: 1})
    (view,) = throttle.snapshot()
    assert (view.rate, view.slowed_since) == (100, None)


def test_a_quota_lets_nothing_go_for_ten_minutes_and_only_there(make: Make) -> None:
    throttle = make()
    says(throttle, "421 4.7.28 quota")
    grant = throttle.grant(RELAY, {GMAIL: 5, "example.org": 5})
    assert grant.now == {GMAIL: 0, "example.org": 5}
    assert 590 < grant.wait[GMAIL] <= 620


def test_flushing_redis_never_lets_more_than_the_rate_through(make: Make, redis_url: str) -> None:
    throttle = make(domain_rates={GMAIL: 40})
    began, granted = time.monotonic(), 0
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(8):
            granted += drain(throttle, 0.15)
            client.flushall()
    assert granted <= 40 * (time.monotonic() - began)
    assert drain(throttle, 0.5) > 0


def test_a_slowed_way_stays_slow_when_redis_forgets_it(make: Make, redis_url: str, prefix: str) -> None:
    clock = Clock()
    throttle, idle = make(clock=clock), make(clock=clock)
    for each in (throttle, idle):
        accept(each, 50)
        each.grant(RELAY, {GMAIL: 1})
    says(throttle, "451 4.7.1 too fast")
    (before,) = throttle.snapshot()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    assert throttle.grant(RELAY, {GMAIL: 64}).now == {GMAIL: 0}
    (after,) = throttle.snapshot()
    assert after.rate == pytest.approx(before.rate)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    clock.now += 3  # nobody mails there now; the next look puts it back
    throttle.grant("other:25", {"example.org": 1})
    assert [view.subject for view in idle.snapshot()] == [GMAIL]


def test_a_dead_redis_makes_us_slower_and_is_used_again_when_it_is_back(
    make: Make, server_folder: Path
) -> None:
    clock = Clock()
    server = EmbeddedValkey(server_folder / "valkey-dying")
    with server.running() as url:
        throttle = make(url, relay_rates={RELAY: 100}, least_workers=4, clock=clock)
        drain(throttle, 0.3)
    assert throttle.grant(RELAY, {GMAIL: 64}).now == {GMAIL: 0}
    granted = 0
    for _ in range(100):
        clock.now += 0.1
        granted += throttle.grant(RELAY, {GMAIL: 64}).now[GMAIL]
    # A quarter of the limit, and a fifth less.
    assert granted == pytest.approx(100 / 4 * 0.8 * 10, abs=2)
    assert throttle.grant("other:25", {GMAIL: 64}).now == {GMAIL: 64}
    with server.running():
        clock.now += 20
        assert drain(throttle, 0.5) > 30


def test_a_frozen_redis_is_waited_for_once_and_briefly(make: Make, server_folder: Path, prefix: str) -> None:
    with own_server(server_folder / "valkey-frozen") as (url, process):
        throttle = make(url, relay_rates={RELAY: 100}, least_workers=2)
        drain(throttle, 0.2)
        os.kill(process, signal.SIGSTOP)
        try:
            began = time.monotonic()
            granted = drain(throttle, 1.5)
            taken = time.monotonic() - began
            assert 0 < granted <= 100 / 2 * 0.8 * taken
            asked = time.monotonic()
            for _ in range(50):
                throttle.grant(RELAY, {GMAIL: 64})
            assert time.monotonic() - asked < 2 * ANSWER_SECONDS + 1
        finally:
            os.kill(process, signal.SIGCONT)
        with redis.Redis.from_url(url) as client:
            key = f"{prefix}relay:{RELAY}"
            before, ends = client.hget(key, "at"), time.monotonic() + 20
            while client.hget(key, "at") == before:
                throttle.grant(RELAY, {GMAIL: 1})
                assert time.monotonic() < ends, "Redis was not asked again"
                time.sleep(0.1)


def test_who_is_slowed_while_redis_is_away_is_slow_in_redis_afterwards(
    make: Make, server_folder: Path
) -> None:
    clock = Clock()
    server = EmbeddedValkey(server_folder / "valkey-pausing")
    with server.running() as url:
        throttle, other = make(url, clock=clock), make(url, clock=clock)
        accept(throttle, 100)
        throttle.grant(RELAY, {GMAIL: 1})
    says(throttle, "451 4.7.1 too fast")
    assert throttle.grant(RELAY, {GMAIL: 64}).now == {GMAIL: 0}
    with server.running():
        clock.now += 5
        throttle.grant(RELAY, {"example.org": 1})
        assert [view.subject for view in other.snapshot()] == [GMAIL]
        assert other.grant(RELAY, {GMAIL: 64}).now[GMAIL] < 64
