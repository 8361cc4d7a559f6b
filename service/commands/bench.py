"""`broadsheet bench`: how fast does it plan, deliver and answer here?"""

import json
import sys
from pathlib import Path

import click

from service.bench import ledger as ledger_bench
from service.bench import planning
from service.bench.plan import Mode, Plan, parse_delay, parse_size
from service.bench.runner import run
from service.commands.bench_bar import Bar
from service.commands.bench_console import console
from service.commands.bench_digests import assemble, ranking
from service.commands.bench_signup import signup


@click.group()
def bench() -> None:
    """Measure how fast Broadsheet plans, delivers and answers on this machine."""


@bench.command()
@click.option(
    "--messages",
    type=click.IntRange(1, 10_000_000),
    default=20_000,
    show_default=True,
    help="How many mails.",
)
@click.option("--size", default="30k", show_default=True, help="Size of a whole mail, about: 30000, 30k, 1m.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.DIGEST.value,
    show_default=True,
    help="digest: 14 articles a mail, another body for every two readers. blast: one body for all.",
)
@click.option("--dkim", is_flag=True, help="Sign every mail with RSA-2048.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Worker processes.")
@click.option(
    "--connections",
    type=click.IntRange(1, 1024),
    default=2,
    show_default=True,
    help="SMTP connections of all workers together, and of smtp-source; rounded up to the same number for "
    "each worker. One pipelined connection a worker fills a quick relay; slow ones want more.",
)
@click.option(
    "--sink-delay",
    default="0",
    show_default=True,
    help="How long the sink takes to answer each final dot, as a relay that writes to disk does: 50ms. "
    "Uses our own sink, since smtp-sink can only wait whole seconds.",
)
@click.option(
    "--sink-path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Postfix's smtp-sink, if it is not on PATH; smtp-source is looked for beside it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def deliver(
    messages: int,
    size: str,
    mode: str,
    dkim: bool,
    workers: int,
    connections: int,
    sink_delay: str,
    sink_path: Path | None,
    as_json: bool,
) -> None:
    """Send mails from real ledger rows, with real workers, to a sink on this machine.

    In a temporary folder it starts a database, a queue, worker processes and an SMTP sink, writes readers,
    recipes and ledger rows, and lets the workers go. The clock runs from that moment until the mailing's
    account closes: nothing pending any more, every outcome recorded. Nothing of yours is touched, no mail
    leaves this machine, and nothing stays behind.

    Where Postfix's smtp-source is installed (Debian: `apt install postfix`, or unpack the package and name
    its usr/sbin/smtp-sink with --sink-path), the same number of mails of the same size is then sent by
    `smtp-source -d` over as many connections to the same sink. The ratio says how close to the wire
    Broadsheet comes; compare ratios rather than rates between machines.

    CPU is read from /proc while the workers send. The worker's parts compose, build and sign are measured
    apart, on the same rows in one process; what is left over is claiming, sending and recording.

    \b
    Examples:
      broadsheet bench deliver
      broadsheet bench deliver --mode blast --dkim --messages 50000
      broadsheet bench deliver --sink-delay 50ms --connections 20 --json
    """
    plan = Plan(
        messages=messages,
        size=parse_size(size),
        mode=Mode(mode),
        dkim=dkim,
        workers=workers,
        wanted_connections=connections,
        sink_delay=parse_delay(sink_delay),
        sink_path=sink_path,
    )
    bar = Bar("Sending", as_json=as_json)
    try:
        report = run(plan, bar)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))
    sys.exit(0 if report.sent == plan.messages else 1)


@bench.command()
@click.option(
    "--readers",
    type=click.IntRange(1, 10_000_000),
    default=100_000,
    show_default=True,
    help="How many readers the blast goes to.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(readers: int, as_json: bool) -> None:
    """Plan a blast: from "send" until every reader has a row in the ledger.

    In a temporary folder it starts a database, writes so many active readers with the proof of their consent,
    starts a blast to them and fans it out, as a worker does. The clock runs over starting and fanning out,
    every row committed to disk. Nothing of yours is touched, and nothing stays behind.

    A million readers need about 1.5 GB of disk for a while, most of them for the readers themselves.

    \b
    Examples:
      broadsheet bench plan
      broadsheet bench plan --readers 1000000 --json
    """
    bar = Bar("Writing", as_json=as_json)
    try:
        report = planning.run(readers, bar)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))
    sys.exit(0 if report.adds_up else 1)


@bench.command()
@click.option(
    "--rows",
    type=click.IntRange(1_000, 100_000_000),
    default=2_000_000,
    show_default=True,
    help="How many messages of past mailings, at least.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=200,
    show_default=True,
    help="How often each question is asked.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def ledger(rows: int, rounds: int, as_json: bool) -> None:
    """Ask a ledger of millions of messages what workers, the tick and the console ask it all the time.

    In a temporary folder it starts a database and fills it with past mailings, all in one partition, which is
    the worst case; then a blast of 50,000 begins, and windows of 64 of it are claimed, marked and recorded.
    The questions are those of workers and pages, over the same functions.

    A million rows need 0.4 GB of disk for a while and about 15 seconds; 50,000,000 need 20 GB. What matters
    is that the numbers hardly grow with the rows.

    \b
    Examples:
      broadsheet bench ledger
      broadsheet bench ledger --rows 50000000 --json
    """
    bar = Bar("Writing", as_json=as_json)
    try:
        report = ledger_bench.run(rows, bar, rounds=rounds)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))


bench.add_command(ranking)
bench.add_command(assemble)
bench.add_command(signup)
bench.add_command(console)
