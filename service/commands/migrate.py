"""`broadsheet migrate`: brings the database up to date."""

import time

import click
from sqlalchemy.exc import OperationalError

from service import settings
from service.errors import StartupError
from service.migrations import schema


@click.command()
@click.option(
    "--wait",
    "seconds",
    default=30,
    show_default=True,
    help="How long to wait for a database that is starting.",
)
def migrate(seconds: int) -> None:
    """Create or update every table. Safe to run at every start and from several machines at once."""
    url = settings.load().database_url
    end = time.monotonic() + seconds
    while True:
        try:
            schema.upgrade(url)
        except OperationalError as error:
            if time.monotonic() > end:
                raise StartupError(
                    f"The database does not answer: {str(error.orig).splitlines()[0]}"
                ) from error
            time.sleep(0.5)
        else:
            click.echo("The database is up to date.")
            return
