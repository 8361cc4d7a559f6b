"""`broadsheet bench ranking` and `bench assemble`: how good and how quick digests are chosen."""

import json
import sys

import click

from service.bench import assembling
from service.bench import ranking as ranking_bench
from service.bench.assembling import World
from service.commands.bench_bar import Bar


@click.command()
@click.option(
    "--readers",
    type=click.IntRange(100, 10_000_000),
    default=20_000,
    show_default=True,
    help="How many readers' clicks there are to learn from.",
)
@click.option("--seeds", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many worlds.")
@click.option("--misfit", is_flag=True, help="Worlds that break what the ranking believes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def ranking(readers: int, seeds: int, misfit: bool, as_json: bool) -> None:
    """Ask how well popularity finds what readers truly like best, beside other formulas.

    Simulates a news site whose articles have a known appeal: 700 articles a week in twenty topics of very
    different size, page views that owe much to where an article was placed, bots, shares, and digests that
    put first what was viewed most so far. Each ranking is told what Broadsheet would have counted, and its
    order is compared with the truth (nDCG; 1 is perfect), site-wide and within topics.

    Worlds and chances come from seeds: the same command prints the same numbers. With --misfit the appeals
    have a heavy tail and the places of a mail are clicked differently every day.

    \b
    Examples:
      broadsheet bench ranking
      broadsheet bench ranking --readers 200000 --seeds 30
      broadsheet bench ranking --misfit --json
    """
    bar = Bar("Simulating", as_json=as_json)
    try:
        report = ranking_bench.run(readers=readers, seeds=seeds, misfit=misfit, progress=bar)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))


@click.command()
@click.option(
    "--readers",
    type=click.IntRange(1, 10_000_000),
    default=100_000,
    show_default=True,
    help="How many readers are due at once.",
)
@click.option(
    "--topics",
    type=click.IntRange(1, 500),
    default=50,
    show_default=True,
    help="How many topics there are; the first is chosen most, the n-th 1/n as often (Zipf).",
)
@click.option(
    "--picks",
    type=click.IntRange(1, 500),
    default=5,
    show_default=True,
    help="How many topics a reader chooses, in the mean.",
)
@click.option(
    "--articles",
    type=click.IntRange(0, 100_000),
    default=700,
    show_default=True,
    help="How many articles of the last week there are.",
)
@click.option(
    "--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Planners at the same time."
)
@click.option(
    "--sample",
    type=click.IntRange(0, 1_000_000),
    default=10_000,
    show_default=True,
    help="For how many readers to ask the plain one-reader function too; it takes 4 ms each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def assemble(
    readers: int, topics: int, picks: int, articles: int, workers: int, sample: int, as_json: bool
) -> None:
    """Plan an edition: from the tick until every due reader has a row in the ledger.

    In a temporary folder it starts a database and writes a newsletter with topics, scored articles of the
    last week, and readers whose weekly digest is due this minute; one in twenty missed the last digests.
    Then planners, each a process as a worker has them, choose for everybody, write recipes and ledger rows,
    and move watermarks and next slots on, every slice committed to disk. Nothing of yours is touched, and
    nothing stays behind.

    Afterwards the plain function that chooses for one reader is asked about an even sample. It must have
    chosen the same stories in the same sections with the same reasons; the command fails if it differs once.

    A million readers need about 4 GB of disk for a while, and two minutes to be written.

    \b
    Examples:
      broadsheet bench assemble
      broadsheet bench assemble --readers 1000000 --topics 50 --picks 5 --articles 700 --json
      broadsheet bench assemble --topics 12 --picks 3 --sample 1000
    """
    if picks > topics:
        raise click.BadParameter("a reader cannot choose more topics than there are.", param_hint="--picks")
    bar = Bar("Working", as_json=as_json)
    try:
        world = World(readers=readers, topics=topics, picks=picks, articles=articles)
        report = assembling.run(world, workers=workers, sample=sample, progress=bar)
    finally:
        bar.clear()
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))
    sys.exit(1 if report.sample_differences else 0)
