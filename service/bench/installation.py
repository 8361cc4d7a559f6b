"""The throw-away installation of a benchmark: database, queue, workers and a sink."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from service.bench.content import DOMAIN
from service.bench.plan import Plan
from service.bench.postfix import PostfixTools
from service.delivery.dkim_keys import KeyFolder, new_key
from service.dispatch import Queue
from service.embedded import ports
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.process import Process
from service.embedded.stack import Addresses, Stack, python_process
from service.embedded.supervisor import Supervisor

SINK = "sink"
#: Taken over from an installation as `broadsheet up` makes it.
_SERVERS = ("postgres", "valkey", "migrate")


def build(data: DataFolder, plan: Plan, *, tools: PostfixTools) -> Stack:
    """Return the processes to supervise; the settings of the workers are in the environment afterwards."""
    addresses = Addresses.from_free_ports()
    # Given, so that there is no development inbox and every link is as long as a real one.
    os.environ["SMTP_URL"] = (
        f"smtp://127.0.0.1:{addresses.smtp_port}?connections={plan.connections_per_worker}"
    )
    os.environ["PUBLIC_URL"] = f"https://news.{DOMAIN}"
    os.environ["HELO_NAME"] = f"news.{DOMAIN}"
    stack = stacks.build(data, addresses)
    if plan.dkim:
        keys, key = KeyFolder(data.path / "dkim"), new_key(DOMAIN, "bench")
        keys.add(key)
        keys.activate(DOMAIN, key.selector)
    stack.processes = [each for each in stack.processes if each.name in _SERVERS]
    stack.processes.append(_sink(addresses.smtp_port, plan, tools=tools))
    stack.processes += [_worker(stack, plan, number) for number in range(1, plan.workers + 1)]
    os.environ.update(stack.env)
    return stack


def sink_name(plan: Plan, tools: PostfixTools) -> str:
    """Say which program takes the mail; Postfix's can only wait for whole seconds."""
    return "smtp-sink" if tools.sink is not None and not plan.sink_delay else "broadsheet"


def pids(supervisor: Supervisor, names: Sequence[str]) -> dict[str, list[int]]:
    """Return the first processes of each kind."""
    found: dict[str, list[int]] = {}
    for name in names:
        pid = supervisor.pid_of(name)
        if pid is not None:
            found.setdefault(name.partition("-")[0], []).append(pid)
    return found


def _sink(port: int, plan: Plan, *, tools: PostfixTools) -> Process:
    ours = [sys.executable, "-m", "service.bench.sink", str(port), str(plan.sink_delay)]
    own = sink_name(plan, tools) == "broadsheet"
    return Process(
        SINK,
        ours if own else tools.sink_command(port),
        env={} if own else tools.env,
        ready=lambda: ports.accepts(port),
        stop_seconds=2,
    )


def _worker(stack: Stack, plan: Plan, number: int) -> Process:
    name = f"worker-{number}"
    slots = "4"
    return Process(
        name,
        python_process("worker", "--queues", ",".join(Queue), "--concurrency", slots),
        env=stack.env,
        after=("migrate", SINK),
        ready=lambda: _says_ready(stack.data.logs / f"{name}.log"),
    )


def _says_ready(log: Path) -> bool:
    # Workers of one machine share a name and a sign of life.
    return log.is_file() and " ready." in log.read_text(errors="replace")
