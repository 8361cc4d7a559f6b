"""`broadsheet health`: answers for container health checks; 0 is alive, 1 is not."""

import json
import sys
import urllib.error
import urllib.request

import click

from service.clock import utc_now
from service.commands.connected import connected
from service.ops import heartbeats


@click.command()
@click.argument("process", type=click.Choice(["web", "worker", "beat"]))
@click.option(
    "--port", default=8000, show_default=True, envvar="BROADSHEET_PORT", help="Port of the web process."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def health(process: str, port: int, as_json: bool) -> None:
    """Say whether the PROCESS on this machine is alive.

    A worker counts as alive only if it ran a task in the last half minute, a beat only if its loop turned:
    a process that crash-loops, or hangs with its connections open, is not healthy.
    """
    alive = _web_answers(port) if process == "web" else _was_seen(process)
    told = {"process": process, "alive": alive}
    click.echo(json.dumps(told) if as_json else f"{process}: {'alive' if alive else 'not alive'}")
    sys.exit(0 if alive else 1)


def _web_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=3) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _was_seen(kind: str) -> bool:
    with connected() as runtime, runtime.sessions() as session:
        processes = heartbeats.list_processes(session, kind=kind)
    here = heartbeats.process_name(kind)
    return any(each.name == here and heartbeats.is_alive(each, now=utc_now()) for each in processes)
