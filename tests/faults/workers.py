"""Workers in a bad way: Redis restarted under them, deaf connections, wrong clocks, deadly messages."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from service.relay_addresses import CONNECTIONS
from tests.faults import proxy
from tests.faults.poisonous_worker import POISON
from tests.faults.processes import until
from tests.faults.run import Run
from tests.faults.world import WORKERS

SLOW = 0.03
RESTARTS = 10
#: Debian's package `libfaketime` has it here; where it is not, a clock cannot be made to jump.
CLOCKS = tuple(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
NO_CLOCKS = "The clock cannot be made to jump: install the Debian package libfaketime."
#: What the clock of one machine shows while the others are right.
JUMPS = ("+2h", "-2h", "+1d", "+10m", "-10m")


def redis_restarted_ten_times(run: Run) -> None:
    """Restart Redis ten times under load; afterwards each worker alone must take work."""
    _put_off(run, run.plan.digest)
    run.go(delay=0.1)
    for _ in range(RESTARTS):
        time.sleep(run.dice.uniform(0.1, 0.6))
        run.world.members["valkey"].kill()
        run.world.restart("valkey")
    dead = [name for name in WORKERS if not run.world.members[name].alive]
    assert not dead, f"Redis was restarted, and a worker died of it: {dead}"
    run.world.relay.script()
    _each_takes_work(run)


def redis_half_open(run: Run) -> None:
    """Connections to Redis that nobody closes and nothing comes through; new ones work."""
    with proxy.running(run.world.valkey_socket) as way:
        url = f"redis://127.0.0.1:{way.port}/0"
        _relaunch_first(run, WORKERS, but=run.plan.digest, env={"REDIS_URL": url})
        run.go(delay=SLOW)
        run.under_way(run.dice.randrange(1, 50))
        assert way.forget() > 0
        _each_takes_work(run)
        run.recover()
        run.world.relaunch(WORKERS)


def clock_jumps(run: Run) -> None:
    """The clock of one worker is put forward or back in the middle, and the database's is right."""
    hand = run.world.folder / "clock"
    hand.write_text("+0")
    _relaunch_first(
        run,
        ["threads"],
        env={
            "LD_PRELOAD": str(CLOCKS[0]),
            "FAKETIME_TIMESTAMP_FILE": str(hand),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
    )
    # Slow enough for the clock to jump in the middle: a process looks at its hand once a second.
    run.go(delay=0.2)
    run.under_way(run.dice.randrange(1, 15))
    hand.write_text(run.dice.choice(JUMPS))
    time.sleep(run.dice.uniform(1.5, 4))
    run.fault_is_over()
    run.recover()
    run.world.relaunch(["threads"])


def deadly_messages(run: Run) -> None:
    """Two messages kill whatever process makes them: they are set aside after three tries, the rest goes on.

    A service manager starts dead workers again; nothing else is done by hand.
    """
    run.allowed |= {"failed"}
    poisoned = run.dice.sample(run.plan.wanted, 2)
    _put_off(run, run.plan.blast, run.plan.digest)
    run.world.sql(
        "UPDATE messages SET kind = :kind WHERE mailing_id = ANY(:ids) AND subscription_id = ANY(:who)",
        kind=POISON,
        ids=[run.plan.blast, run.plan.digest],
        who=poisoned,
    )
    _relaunch_first(run, WORKERS, program="tests.faults.poisonous_worker")
    run.caretaker = run.world.revive
    # Whatever else its process was sending when a message killed it may be unknown: one mail a connection,
    # for each of the two the first time (from then on they are composed alone).
    run.doubt += 2 * CONNECTIONS
    run.go()
    run.fault_is_over()
    run.recover()
    run.caretaker = None
    fate = run.world.sql(
        "SELECT DISTINCT state, reason FROM messages WHERE kind = :kind AND mailing_id IN (:blast, :digest)",
        kind=POISON,
        blast=run.plan.blast,
        digest=run.plan.digest,
    )
    assert [state for state, _ in fate] == ["failed"], f"Deadly messages are {fate}."
    run.world.relaunch(WORKERS)


def _put_off(run: Run, *mailings: int) -> None:
    """Keep messages for later, so that there is work when the fault comes, or when it is over."""
    run.world.sql(
        "UPDATE messages SET due_at = now() + interval '1 hour' WHERE mailing_id = ANY(:ids)",
        ids=list(mailings),
    )


def _relaunch_first(run: Run, names: Sequence[str], *, but: int = 0, **how: Any) -> None:
    """Start workers in another way before there is work for them: the others would have done it by then.

    The messages of the mailing `but` stay put off.
    """
    _put_off(run, run.plan.blast, run.plan.digest)
    run.world.relaunch(names, **how)
    run.world.sql(
        "UPDATE messages SET due_at = now() WHERE mailing_id = ANY(:ids) AND mailing_id <> :but",
        ids=[run.plan.blast, run.plan.digest],
        but=but,
    )


def _each_takes_work(run: Run) -> None:
    """See that each worker works while the other one sleeps, then let go of everything."""
    # Who falls asleep with a dot out and past its lease leaves a message whose fate nobody can know.
    until(lambda: not _under_way(run), seconds=90, sentence="The blast does not end.")
    began = time.monotonic()
    for awake, asleep in (WORKERS, WORKERS[::-1]):
        run.world.freeze(asleep)
        try:
            _works(run, awake)
        finally:
            run.world.thaw(asleep)
    run.recovered_in = time.monotonic() - began
    run.world.sql("UPDATE messages SET due_at = now() WHERE mailing_id = :id", id=run.plan.digest)
    run.fault_is_over()
    run.wake()


def _under_way(run: Run) -> object:
    return run.world.sql(
        "SELECT 1 FROM messages WHERE state IN ('claimed', 'sending') "
        "OR (mailing_id = :id AND due_at <= now() AND state IN ('planned', 'deferred')) LIMIT 1",
        id=run.plan.blast,
    )


def _works(run: Run, name: str) -> None:
    before = len(run.world.relay.taken(run.since))
    run.world.sql(
        "UPDATE messages SET due_at = now() WHERE id IN (SELECT id FROM messages "
        "WHERE mailing_id = :id AND due_at > now() AND subscription_id = ANY(:wanted) ORDER BY id LIMIT 5)",
        id=run.plan.digest,
        wanted=run.plan.wanted,
    )
    run.wake()
    until(
        lambda: len(run.world.relay.taken(run.since)) >= before + 5,
        seconds=90,
        sentence=f"The worker {name} lives and takes no work after Redis came back.",
    )
