"""`broadsheet up`: a real, small installation in one command."""

import os
from pathlib import Path

import click

from service import bootstrap, settings
from service.commands.console_front import Front
from service.demo.notes import is_demo
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.stack import Addresses, Stack
from service.embedded.supervisor import Supervisor
from service.errors import StartupError
from service.operators import setup


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".broadsheet"),
    show_default=True,
    help="Folder that keeps database, queue, inbox and keys.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65508),
    default=8000,
    show_default=True,
    help="Port of the pages; inbox and SMTP take the ones 25 and 26 above.",
)
@click.option("--fresh", is_flag=True, help="Delete what the data folder holds and begin again.")
@click.option("--verbose", is_flag=True, help="Show the log lines of every process.")
def up(data: Path, port: int, fresh: bool, verbose: bool) -> None:
    """Run Broadsheet with its own database and queue, without samples.

    The first start prints the address of the set-up page. Set SMTP_URL in the environment, or smtp_url in
    broadsheet.toml, to send real mail; without it every mail stays in the development inbox. DATABASE_URL and
    REDIS_URL name servers of yours to use instead of the built-in ones.
    """
    with DataFolder(data) as folder:
        if is_demo(folder.path):
            raise StartupError(
                f"{folder.path} holds the demo with its sample readers; name another folder with --data."
            )
        if fresh:
            click.confirm(f"Delete everything in {folder.path}?", abort=True)
            stacks.wipe(folder)
        _run(folder, Addresses.from_port(port), verbose=verbose)


def _run(folder: DataFolder, addresses: Addresses, *, verbose: bool) -> None:
    front = Front("Broadsheet")
    stack = stacks.build(folder, addresses)
    with Supervisor(stack.processes, logs=folder.logs, report=front.report, echo=verbose) as supervisor:
        supervisor.start()
        if not supervisor.stopping:
            front.up(_rows(stack), hints=stack.remarks)
        supervisor.watch()
        front.stopping()


def _rows(stack: Stack) -> list[tuple[str, str]]:
    os.environ.update(stack.env)
    configuration = settings.load()
    runtime = bootstrap.build(configuration)
    rows = []
    with runtime.sessions() as session:
        if setup.is_open(session):
            rows.append(("Set up here", f"{stack.addresses.url}/setup/{setup.setup_token(configuration)}"))
        else:
            rows += [("Readers sign up", stack.addresses.url), ("Console", f"{stack.addresses.url}/console/")]
    if stack.uses_inbox:
        rows.append(
            ("Mail goes to", f"{stack.addresses.inbox_url}  (the development inbox; set SMTP_URL for real)")
        )
    return rows
