"""`broadsheet selftest`: is this installation sound?"""

import sys

import click

from service.selftest.report import JsonObject, Lines
from service.selftest.runner import run


@click.command()
@click.option(
    "--keep", is_flag=True, help="Keep the temporary folder: data, mails and logs of every process."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end instead of lines.")
def selftest(keep: bool, as_json: bool) -> None:
    """Try everything Broadsheet does, on a throw-away installation, in less than a minute.

    In a temporary folder and on free ports it starts a database, a queue, the web server, a worker, beat and
    the development inbox, exactly as `broadsheet up` does. Then it behaves like people: an operator sets up a
    newsletter and maps a category; a reader signs up, confirms, gets digests, changes topics and leaves with
    one click; blasts go out; a worker is killed in the middle of one. Every mail is read byte for byte.

    Nothing of yours is touched: no setting of the environment or of broadsheet.toml is used, and no mail
    leaves this machine. Digests come at each reader's own hour, so that one reader's clock is put back by a
    day in the database; everything else happens by itself, in real time.

    \b
    Exit status: 0 if all is well; 1 with the step that failed, why, and the
    last log lines of the processes concerned.
    """
    outcome = run(JsonObject() if as_json else Lines(), keep=keep)
    sys.exit(0 if outcome.ok else 1)
