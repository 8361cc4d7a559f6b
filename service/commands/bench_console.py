"""`broadsheet bench console`: every page of the operator console, with years of mail behind it."""

import json
import sys
from pathlib import Path

import click

from service.bench.console import run as console_bench
from service.bench.console.run import Wish
from service.bench.console.size import Size
from service.commands.bench_bar import Bar


@click.command()
@click.option(
    "--readers",
    type=click.IntRange(1_000, 10_000_000),
    default=100_000,
    show_default=True,
    help="How many readers.",
)
@click.option(
    "--articles",
    type=click.IntRange(200, 100_000),
    default=2_000,
    show_default=True,
    help="How many articles.",
)
@click.option(
    "--ledger",
    type=click.IntRange(10_000, 200_000_000),
    default=2_000_000,
    show_default=True,
    help="How many messages, all mailings together.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="How often each page is asked for.",
)
@click.option(
    "--addresses",
    type=click.IntRange(1, 100),
    default=6,
    show_default=True,
    help="How many addresses of one kind to look at before the slowest three are measured.",
)
@click.option(
    "--live",
    type=click.IntRange(0, 100),
    default=50,
    show_default=True,
    help="Live pages to hold open at the end.",
)
@click.option(
    "--live-seconds",
    type=click.IntRange(1, 600),
    default=15,
    show_default=True,
    help="How long they are measured.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder that keeps the database, to be measured again; without one nothing stays.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def console(
    readers: int,
    articles: int,
    ledger: int,
    rounds: int,
    addresses: int,
    live: int,
    live_seconds: int,
    data: Path | None,
    as_json: bool,
) -> None:
    """Ask for every page of the console, and say how long the server takes.

    Starts a database, a queue and a web server as `broadsheet up` does, and writes four newsletters with
    their readers, editions, blasts in every state, messages of every fate, bounces, clicks, traffic of a day
    and an audit log of years. Then an administrator logs in and follows the console's links, so that every
    page with real numbers in it is found, also deep in its lists; of each kind the slowest addresses are
    asked for in every round. Searches for addresses and counts of audiences are posted as well.

    Milliseconds are the server's own, from the request's arrival to the last byte. Every question is put to
    EXPLAIN ANALYZE once, which tells how many rows it reads. At the end live pages are held open while mail
    goes out. The command fails when a page takes 300 ms or more (p95), reads more than 25,000 rows of the
    ledger, is not reached, or answers with an error; when the web server's memory grows; or when the live
    pages take 10 % of a core. Files to download are as long as what is in them, and held to none of this.

    20,000,000 messages need 13 GB of disk and some minutes to be written; with --data they are written once.

    \b
    Examples:
      broadsheet bench console
      broadsheet bench console --readers 1000000 --ledger 20000000 --data /var/tmp/console
      broadsheet bench console --rounds 100 --live 0 --json
    """
    bar = Bar("Measuring", as_json=as_json)
    wish = Wish(
        Size(readers, articles, ledger),
        rounds=rounds,
        per_kind=addresses,
        live=live,
        live_seconds=live_seconds,
        folder=data,
    )
    try:
        report = console_bench.run(wish, bar)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))
    sys.exit(1 if report.missed else 0)
