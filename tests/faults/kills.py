"""Processes that are killed or frozen: at every named point of a conversation, and at any other."""

import os
import signal
import time
from typing import Any

from tests.faults import clients
from tests.faults.processes import until
from tests.faults.run import Run, Strike

#: Point -> the step of the conversation at which the oracle kills whoever talks to it.
POINTS = {
    "after MAIL": "RCPT",
    "mid-DATA": "BODY",
    "after the dot, before its reply": "DOT",
}


def _strike(run: Run, whom: str, **rule: object) -> None:
    run.go({"name": "kill", "do": "kill", "whom": whom, **rule})
    event = run.hit()
    run.fault_is_over()
    _replace(run, event, main=whom != "child" or event["pid"] == event["group"])


def _replace(run: Run, event: dict[str, Any], *, main: bool) -> None:
    """Start a worker again whose main process was killed; a pool replaces its own children."""
    if main:
        name = run.member_of(event["group"])
        run.world.members[name].wait()
        run.world.restart(name)


def at_point(point: str, whom: str) -> Strike:
    """Kill at a named point, after a random number of messages."""

    def strike(run: Run) -> None:
        # Half of the relays that lose us after the dot have kept the message.
        reply = "drop" if run.dice.random() < 0.5 else None
        _strike(run, whom, verb=POINTS[point], first=run.dice.randrange(1, 60), reply=reply)

    return strike


def at_random(whom: str) -> Strike:
    """Kill at a random step of the conversation."""

    def strike(run: Run) -> None:
        _strike(run, whom, verb="any", first=run.dice.randrange(1, 400))

    return strike


def after_250(whom: str) -> Strike:
    """Kill when outcomes are in the journal and not yet in the database: in the middle of a chunk."""

    def strike(run: Run) -> None:
        # The pause lets the answer to the dot before be read and written down.
        _strike(run, whom, verb="MAIL", first=run.dice.randrange(2, 8), pause=0.02)

    return strike


def after_claim(whom: str) -> Strike:
    """Kill a sender that holds a window and has sent no dot yet: every MAIL waits for its answer."""

    def strike(run: Run) -> None:
        run.go({"name": "hold", "verb": "MAIL", "times": 999, "hold": True})
        run.hit()
        until(lambda: _owners(run), seconds=20, sentence="Nobody claimed anything.")
        holder = int(run.dice.choice(_owners(run)).split(":")[1])
        leader = os.getpgid(holder)
        victim = holder if whom == "child" else leader
        os.kill(victim, signal.SIGKILL)
        # The kernel takes the children along a moment later: until then they would go on talking.
        until(lambda: not clients.is_running(holder), seconds=10, sentence="A child outlived its worker.")
        run.world.relay.go_on()
        run.fault_is_over()
        _replace(run, {"group": leader}, main=victim == leader)

    return strike


def again_and_again(run: Run) -> None:
    """Kill three children of the only worker: no slot, lock or queue may be worn out by it."""
    run.world.members["threads"].stop()
    # Not so late that the mails of killed senders are missed.
    steps = sorted(run.dice.sample(range(5, 240), 3))
    run.go(*({"name": f"kill {n}", "do": "kill", "verb": "any", "first": n} for n in steps))
    for _ in steps:
        event = run.hit()
        run.fault_is_over()
        _replace(run, event, main=event["pid"] == event["group"])


def frozen_past_its_lease(run: Run) -> None:
    """Freeze a worker in the middle of a message until others have taken over, then let it go on."""
    _freeze(run, verb=run.dice.choice(["RCPT", "BODY", "DOT", "MAIL"]))


def frozen_and_told_late(run: Run) -> None:
    """What a frozen worker hears when it goes on is old news: others have sent that message."""
    _freeze(run, verb="RCPT", reply="450 4.2.0 later")


def _freeze(run: Run, *, verb: str, reply: str | None = None) -> None:
    first = run.dice.randrange(1, 40)
    rule = {"name": "freeze", "do": "freeze", "whom": "group", "verb": verb, "first": first, "reply": reply}
    run.go(rule)
    event = run.hit()
    run.fault_is_over()
    owner = f"%:{event['pid']}:%"
    until(
        lambda: (
            not run.world.sql(
                "SELECT 1 FROM messages WHERE owner LIKE :owner AND state IN ('claimed', 'sending')",
                owner=owner,
            )
        ),
        seconds=run.world.lease_seconds + 40,
        sentence="Nobody took over from a frozen worker.",
        pause=0.2,
    )
    run.recover()
    run.world.members[run.member_of(event["group"])].signal(signal.SIGCONT, everybody=True)
    time.sleep(1.5)


def told_to_stop(run: Run) -> None:
    """Deploy in the middle of a mailing: SIGTERM, and a new worker."""
    name = run.dice.choice(["threads", "prefork"])
    run.go(delay=0.03)
    run.under_way(run.dice.randrange(3, 30))
    member = run.world.members[name]
    began = time.monotonic()
    member.signal(signal.SIGTERM)
    member.wait(30)
    assert time.monotonic() - began < 15, "SIGTERM took more than 15 s"
    run.fault_is_over()
    run.world.restart(name)


def beat_killed(run: Run) -> None:
    """Kill beat before and while mail goes out; the wake-ups are lost with it."""
    run.world.members["beat"].kill()
    run.world.relay.script(delay=0.01)
    time.sleep(run.dice.uniform(0.2, 2))
    run.fault_is_over()
    run.world.restart("beat")


def two_beats(run: Run) -> None:
    """A second beat ticks for a while."""
    second = run.world.second_beat()
    second.start()
    run.go(delay=0.02)
    time.sleep(7)
    run.fault_is_over()
    second.kill()


def _owners(run: Run) -> list[str]:
    rows = run.world.sql(
        "SELECT DISTINCT owner FROM messages WHERE state IN ('claimed', 'sending') AND owner IS NOT NULL"
    )
    return [str(row[0]) for row in rows]
