"""`broadsheet bench signup`: how quick the sign-up form is."""

import json
import sys

import click

from service.bench import signing_up
from service.commands.bench_bar import Bar


@click.command()
@click.option(
    "--rate", type=click.IntRange(1, 1000), default=100, show_default=True, help="Sign-ups a second."
)
@click.option("--seconds", type=click.IntRange(1, 600), default=20, show_default=True, help="For how long.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def signup(rate: int, seconds: int, as_json: bool) -> None:
    """Sign up readers at a steady rate, and weigh the sign-up page.

    In a temporary folder it starts a database, a queue and a web server as `broadsheet up` does, and sends
    the form of the sign-up page over HTTP: another address from another network each time, a connection of
    its own for each, and whether or not earlier answers are there, so that a slow server is not spared.
    Nothing of yours is touched, no mail is sent, and nothing stays behind.

    The page is weighed with everything it names, compressed as a proxy in front does. Where there is a
    Chromium, new visitors open it, to say how soon its form can be typed into.

    \b
    Examples:
      broadsheet bench signup
      broadsheet bench signup --rate 200 --seconds 60 --json
    """
    bar = Bar("Signing up", as_json=as_json)
    try:
        report = signing_up.run(rate=rate, seconds=seconds, progress=bar)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))
    sys.exit(0 if report.taken == report.presses else 1)
