"""`broadsheet demo`: a whole newspaper to play with, in one command."""

import os
import sys
import threading
from pathlib import Path

import click

from service import bootstrap, settings
from service.bootstrap import Runtime
from service.clock import utc_now
from service.commands.console_front import Front
from service.demo import notes as demo_notes
from service.demo.notes import OPERATOR, Notes
from service.demo.seed import SLUG, Progress, check_ours, seed
from service.embedded import ports
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.environment import own_environment
from service.embedded.process import Process
from service.embedded.stack import Addresses, Stack
from service.embedded.supervisor import Supervisor


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".broadsheet-demo"),
    show_default=True,
    help="Folder that keeps everything between starts.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65508),
    default=8000,
    show_default=True,
    help="Port of the pages; inbox, SMTP and news site take the ones 25 to 27 above.",
)
@click.option("--fresh", is_flag=True, help="Begin again with an empty data folder.")
@click.option("--verbose", is_flag=True, help="Show the log lines of every process.")
def demo(data: Path, port: int, fresh: bool, verbose: bool) -> None:
    """Start Broadsheet with a sample publication: 128 articles, 300 readers, one operator.

    Everything is real but the newspaper: PostgreSQL, Redis protocol, Celery, SMTP, HTTP. No mail leaves this
    machine; all of it is shown in the inbox. Nothing outside the data folder is touched, and no setting of
    yours is used, except that DATABASE_URL and REDIS_URL name servers to use instead of the built-in ones.
    """
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    with DataFolder(data) as folder, own_environment(folder.path):
        os.environ.update(servers)
        demo_notes.check_ours(folder.path)
        if fresh:
            stacks.wipe(folder)
        _run(folder, Addresses.from_port(port), verbose=verbose)


def _run(folder: DataFolder, addresses: Addresses, *, verbose: bool) -> None:
    front = Front("Broadsheet demo")
    site_port = addresses.smtp_port + 1
    ports.require_free(site_port, option="--port")
    site_url = f"http://127.0.0.1:{site_port}"
    notes = demo_notes.recall(folder.path, now=utc_now())
    stack = stacks.build(folder, addresses, extra={"FEED_ALLOW_HOSTS": f"127.0.0.1:{site_port}"})
    stack.processes.append(_site(site_port, stack, notes))
    os.environ.update(stack.env)
    runtime = bootstrap.build(settings.load())
    if "DATABASE_URL" not in stack.env:
        check_ours(runtime)
    with Supervisor(stack.processes, logs=folder.logs, report=front.report, echo=verbose) as supervisor:
        supervisor.start()
        seeding = Seeding(runtime, site_url=site_url, notes=notes, progress=front.progress)
        seeding.start()
        supervisor.watch(until=seeding.done)
        seeding.finish()
        if not supervisor.stopping:
            front.up(_rows(stack, site_url, notes), hints=[*_HINTS, *stack.remarks])
        supervisor.watch()
        front.stopping()


class Seeding(threading.Thread):
    """Fills the installation while the supervisor, in the main thread, keeps it running."""

    def __init__(self, runtime: Runtime, *, site_url: str, notes: Notes, progress: Progress) -> None:
        super().__init__(daemon=True)
        self._runtime, self._site_url, self._notes, self._progress = runtime, site_url, notes, progress
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            seed(
                self._runtime,
                feed_url=f"{self._site_url}/feed.xml",
                site_url=self._site_url,
                notes=self._notes,
                progress=self._progress,
            )
        except Exception as error:
            # Raised again in the main thread, which stops everything first.
            self._error = error

    def done(self) -> bool:
        return not self.is_alive()

    def finish(self) -> None:
        """Hand on what went wrong, if anything did."""
        if self._error is not None:
            raise self._error


def _site(port: int, stack: Stack, notes: Notes) -> Process:
    signup = f"{stack.addresses.url}/n/{SLUG}"
    argv = [sys.executable, "-m", "service.demo.run_site", str(port), signup, notes.started_at.isoformat()]
    return Process("site", argv, ready=lambda: not ports.is_free(port))


def _rows(stack: Stack, site_url: str, notes: Notes) -> list[tuple[str, str]]:
    return [
        ("Sign up", f"{stack.addresses.url}/n/{SLUG}"),
        ("Inbox", stack.addresses.inbox_url),
        ("Console", f"{stack.addresses.url}/console/"),
        ("   user", OPERATOR),
        ("   password", notes.password),
        ("The news site", site_url),
    ]


_HINTS = (
    "Try this first:",
    "  1. Sign up with any address; the confirmation waits in the inbox.",
    "  2. Confirm: your first digest arrives within a minute.",
    "  3. In the console, write a blast and send it to every reader who asked for announcements.",
)
