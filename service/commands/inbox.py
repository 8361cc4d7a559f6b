"""`broadsheet inbox`: the development inbox on its own."""

from pathlib import Path

import click

from service import logs
from service.inbox import run


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".broadsheet"),
    envvar="BROADSHEET_DATA",
    show_default=True,
    help="Folder that keeps the messages (in inbox/).",
)
@click.option("--smtp-port", default=8026, show_default=True, help="Port that takes mail.")
@click.option("--port", default=8025, show_default=True, help="Port of the page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def inbox(data: Path, smtp_port: int, port: int, host: str) -> None:
    """Keep every mail that is sent to it, deliver none, and show them on a page.

    For trying Broadsheet out: point SMTP_URL at it and nothing leaves this machine.
    """
    logs.configure(json_lines=False)
    run.serve(data / "inbox", smtp_port=smtp_port, web_port=port, host=host)
