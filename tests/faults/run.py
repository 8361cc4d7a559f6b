"""One run: readers' mail is planned, a fault strikes, and everything must add up without a human."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from service.dispatch import TaskName
from tests.faults import audience
from tests.faults.audience import Plan
from tests.faults.processes import until
from tests.faults.world import World

DELIVER = (TaskName.DELIVER_TRANSACTIONAL, TaskName.DELIVER_BULK, TaskName.DELIVER_BULK)

# "Finished" means that nothing is pending: looked at all the time, since the end alone would hide it.
_PENDING = """
    SELECT count(*),
           count(*) FILTER (WHERE m.state IN ('planned', 'deferred') AND due_at > now()),
           count(*) FILTER (WHERE m.state IN ('claimed', 'sending')),
           count(*) FILTER (WHERE g.state = 'finished')
    FROM messages m JOIN mailings g ON g.id = m.mailing_id
    WHERE m.state IN ('planned', 'held', 'claimed', 'sending', 'deferred')
"""


@dataclass
class Run:
    """What a fault has in hand while it strikes."""

    world: World
    dice: random.Random
    plan: Plan
    #: Where the oracle's file was when the run began.
    since: int
    #: Final dots whose fate nobody can know: at most so many messages may be unknown.
    doubt: int = 0
    #: States that the fault itself brings about, beside sent (and unknown, within `doubt`).
    allowed: set[str] = field(default_factory=set)
    #: address -> when it was unsubscribed, for those who left in the middle.
    unsubscribed: dict[str, float] = field(default_factory=dict)
    stopped: dict[int, float] = field(default_factory=dict)
    #: The addresses of visitors of the web pages.
    visitors: list[str] = field(default_factory=list)
    #: Whether the fault makes some addresses bounce, which suppresses them.
    bounces: bool = False
    #: Promises that were seen broken on the way, each a sentence.
    seen: list[str] = field(default_factory=list)
    #: What is done again and again while the world recovers, as a service manager would.
    caretaker: Callable[[], None] | None = None
    #: How many rows a further blast must have.
    expected_extra: int = 0
    recovered_in: float = 0.0
    _over_at: float = 0.0

    def go(self, *rules: dict[str, Any], delay: float = 0.0) -> None:
        """Script the oracle, then wake the workers."""
        self.world.relay.script(*rules, delay=delay)
        self.wake()

    def wake(self) -> None:
        self.world.wake(*DELIVER)

    def hit(self) -> dict[str, Any]:
        """Wait until a rule of the oracle has struck; what it did to a process is in the answer."""
        event = self.world.relay.wait_for("hit")
        self.doubt += int(event.get("open", 0))
        return event

    def under_way(self, count: int) -> None:
        """Wait until the oracle has taken so many messages of this run."""
        until(
            lambda: len(self.world.relay.taken(self.since)) >= count,
            seconds=30,
            sentence="The mailing did not begin.",
            pause=0.01,
        )

    def member_of(self, group: int) -> str:
        """Return which worker a process group is."""
        return next(name for name, member in self.world.members.items() if member.pid == group)

    def fault_is_over(self) -> None:
        """Recovery is measured from here."""
        self._over_at = time.monotonic()

    def recover(self) -> None:
        """Wait until nothing is pending; scheduled retries are waited for by moving them, not by sleeping.

        The time to recover is what passed until nothing was left but retries that were scheduled on purpose.
        """
        if not self._over_at:
            self.fault_is_over()
        for _ in range(60):
            until(
                self._only_retries_left,
                seconds=self.world.patience,
                sentence="Messages stay pending.",
                pause=0.1,
            )
            self.recovered_in = max(self.recovered_in, time.monotonic() - self._over_at)
            if not self._pending()[0]:
                # Whatever the fault does after this is no recovery.
                self._over_at = 0.0
                return
            # Who was asked to slow down would go on by himself, at a pace that nobody waits for here.
            self.world.forget_limits()
            self.world.sql(
                "UPDATE messages SET due_at = now() WHERE state IN ('planned', 'deferred') AND due_at > now()"
            )
            self.world.sql("UPDATE relays SET closed_until = now() WHERE closed_until > now()")
            self.fault_is_over()
            self.wake()
        raise TimeoutError("Messages are tried again and again.")

    def _pending(self) -> tuple[int, int, int]:
        total, scheduled, held, forgotten = (int(str(each)) for each in self.world.sql(_PENDING)[0])
        if forgotten:
            self.seen.append(f"I2: a mailing says that it is finished with {forgotten} messages pending.")
        return total, scheduled, held

    def _only_retries_left(self) -> bool:
        if self.caretaker is not None:
            self.caretaker()
        total, scheduled, held = self._pending()
        if total == scheduled:
            return True
        resting = self.world.sql("SELECT 1 FROM relays WHERE closed_until > now() + interval '2 s'")
        return bool(resting) and not held


def _held(world: World) -> bool:
    return bool(world.sql("SELECT 1 FROM messages WHERE state IN ('claimed', 'sending') LIMIT 1"))


#: What a fault is: it strikes, brings back what it took away, and says so.
Strike = Callable[[Run], None]


def begin(world: World, *, dice: random.Random, name: str) -> Run:
    """Heal what the last run left, and plan this one."""
    world.heal()
    world.relay.script()
    audience.clean_up(world)
    # A sender that was in the middle of something finishes it.
    until(lambda: not _held(world), seconds=60, sentence="Somebody still sends the mail of the last run.")
    time.sleep(0.2)
    since = world.relay.position()
    return Run(world, dice, audience.plan(world, seed=name), since)
