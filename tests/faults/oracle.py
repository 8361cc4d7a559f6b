"""The oracle: a scripted SMTP server in a process of its own, which knows what was really accepted.

    python -m tests.faults.oracle PORT FILE

Every final-dot 250 is in FILE before it is said. Rules come as JSON lines on standard input; the first time
a rule applies is told on standard output. A rule can kill or freeze the process at the other end while it
waits for the answer, so that a fault happens at exactly that point of the conversation.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from tests.fakes import smtp_server
from tests.fakes.smtp_server import Accepted, Step
from tests.faults import clients

#: What a rule may do to the process that talks to us.
SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


@dataclass
class Rule:
    """Applies to the steps `first`, `first` + 1, ... of a verb ("any": of all), `times` of them."""

    name: str
    verb: str
    first: int = 1
    times: int = 1
    #: An answer, an act of the fake, or nothing.
    reply: str | None = None
    #: kill or freeze, and whom: the sender's own process, or its whole worker.
    do: str = ""
    whom: str = "child"
    #: Wait here until told to go on.
    hold: bool = False
    #: Seconds before it does anything: the client reads what was answered before.
    pause: float = 0.0
    seen: int = 0
    told: bool = False

    def applies(self, step: Step) -> bool:
        if self.verb not in {step.verb, "any"}:
            return False
        self.seen += 1
        return self.first <= self.seen < self.first + self.times


class Ledger(list[Accepted]):
    """The accepted messages, each in the file before anybody is told."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, accepted: Accepted) -> None:
        entry = {
            "at": time.time(),
            "mail_at": accepted.mail_at,
            "body_at": accepted.body_at,
            "recipient": accepted.recipient,
            "message_id": accepted.message_id,
            "hash": accepted.body_hash,
        }
        os.write(self._file, json.dumps(entry).encode() + b"\n")
        super().append(accepted)


class Oracle:
    """Answers by rules, and tells what happened."""

    def __init__(self, path: str) -> None:
        self.accepted = Ledger(path)
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._go_on = threading.Event()
        self.port = 0
        #: The clients' ports of the conversations that go on now.
        self.open_ports: set[int] = set()
        self.delay = 0.0

    def command(self, order: dict[str, Any]) -> None:
        if "rules" in order:
            with self._lock:
                self._go_on.set()
                self._go_on = threading.Event()
                self._rules = [Rule(**rule) for rule in order["rules"]]
                self.delay = order.get("delay", 0.0)
            tell({"event": "ready"})
        if order.get("go_on"):
            self._go_on.set()

    def script(self, step: Step) -> str | None:
        if step.verb == "DOT" and self.delay:
            time.sleep(self.delay)
        with self._lock:
            found = [rule for rule in self._rules if rule.applies(step)]
            go_on = self._go_on
        reply = None
        for rule in found:
            self._act(rule, step, go_on)
            reply = rule.reply or reply
        return reply

    def _act(self, rule: Rule, step: Step, go_on: threading.Event) -> None:
        event: dict[str, Any] = {"event": "hit", "rule": rule.name, "verb": step.verb}
        if rule.pause:
            time.sleep(rule.pause)
        if rule.do:
            victim = clients.owner_of(step.peer, server_port=self.port)
            if victim is None:
                # Another rule has killed it a moment ago: this one waits for somebody who lives.
                rule.first = rule.seen + 1
                return
            whom = [victim] if rule.whom == "child" else clients.group(os.getpgid(victim))
            if rule.whom == "worker":
                # The main process alone, as the kernel's out-of-memory killer would have it.
                whom = [os.getpgid(victim)]
            # Celery has the kernel end a pool's children with their parent: they die as well, a moment later.
            dying = clients.group(os.getpgid(victim)) if rule.whom == "worker" else whom
            # Each of them owes at most one answer to a dot, and nobody else is hit.
            open_ones = len(clients.ports_of(dying, server_port=self.port) & set(self.open_ports))
            for pid in whom:
                os.kill(pid, SIGNALS[rule.do])
            event |= {"pid": victim, "group": os.getpgid(victim), "open": open_ones}
        tell(event)
        if rule.hold:
            go_on.wait(60)


def tell(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main(port: str, path: str) -> None:
    oracle = Oracle(path)
    oracle.port = int(port)
    with smtp_server.running(
        oracle.script, port=int(port), accepted=oracle.accepted, open_ports=oracle.open_ports
    ) as server:
        oracle.port = server.port
        tell({"event": "listening", "port": server.port})
        for line in sys.stdin:
            oracle.command(json.loads(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
