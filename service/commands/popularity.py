"""`broadsheet popularity`: counts of what readers did, judged again or brought in from elsewhere."""

import csv
import json
from datetime import datetime
from pathlib import Path

import click

from service.clock import utc_now
from service.commands.connected import connected
from service.db import transaction
from service.errors import InvalidInput
from service.popularity import counting, imported, scoring


@click.group()
def popularity() -> None:
    """Judge what was counted again, or bring in counts from another system."""


@popularity.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rejudge(as_json: bool) -> None:
    """Run the filter of machines again over the clicks, views and shares of the last 30 days.

    After an upgrade whose filter knows more machines: what is caught now leaves the counts, and the scores
    are computed anew. Doing it twice changes nothing.

    \b
    Examples:
      broadsheet popularity rejudge
    """
    with connected() as runtime, transaction(runtime.sessions) as session:
        caught = counting.rejudge(session, now=utc_now())
        scored = scoring.rescore(session, now=utc_now())
    if as_json:
        click.echo(json.dumps({"caught": caught, "scored": scored}))
    else:
        click.echo(f"{caught:,} more events are machines'; {scored:,} articles are scored anew.")


@popularity.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_counts(file: Path, as_json: bool) -> None:
    """Bring in counts from FILE, a CSV with a head line: url, signal, hour, count.

    `url` is the article's address, `signal` is page_view or share, `hour` any instant of the hour in ISO 8601
    with its zone, `count` a whole number. A count replaces what was known of that article, signal and hour,
    so the same file may come twice. Lines about unknown articles are left out and counted.

    \b
    Example of a file:
      url,signal,hour,count
      https://example.org/harbour,page_view,2026-11-24T09:00Z,312
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [_row(number, row) for number, row in enumerate(csv.DictReader(lines), start=2)]
    with connected() as runtime, transaction(runtime.sessions) as session:
        taken = imported.put(session, rows)
        scored = scoring.rescore(session, now=utc_now())
    left = len(rows) - taken
    if as_json:
        click.echo(json.dumps({"rows": len(rows), "taken": taken, "unknown": left, "scored": scored}))
    else:
        click.echo(f"{taken:,} counts are in, {left:,} were of articles that are not known here.")


def _row(number: int, row: dict[str, str]) -> imported.Count:
    try:
        return imported.read(
            url=row["url"], signal=row["signal"], hour=datetime.fromisoformat(row["hour"]), count=row["count"]
        )
    except KeyError as error:
        raise InvalidInput(
            f"The file has no column {error}; it needs url, signal, hour and count."
        ) from error
    except ValueError as error:
        raise InvalidInput(f"Line {number} cannot be read: {error}") from error
