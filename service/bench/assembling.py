"""Measures the planning of an edition: from the tick until the last due reader has a row in the ledger."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from service.bench import assembling_sample, assembling_world
from service.bench.assembling_report import AssembleReport
from service.bench.database import Database, throwaway
from service.bench.meter import Meter
from service.bench.plan import BenchmarkError
from service.bench.runner import Progress
from service.clock import utc_now
from service.delivery.models import Message
from service.recipes.models import Recipe

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class World:
    """What is measured."""

    readers: int
    topics: int
    picks: int
    articles: int


def run(world: World, *, workers: int, sample: int, progress: Progress) -> AssembleReport:
    """Measure on a database that is gone afterwards.

    :raises BenchmarkError: it could not be measured.
    """
    progress.say("Starting a database")
    now = utc_now().replace(microsecond=0)
    with throwaway() as database:
        began = time.monotonic()
        assembling_world.write(
            database.sessions,
            readers=world.readers,
            topics=world.topics,
            picks=world.picks,
            articles=world.articles,
            now=now,
            progress=progress.sent,
        )
        database.settle()
        set_up = time.monotonic() - began
        progress.say("Planning")
        meter = database.meter()
        planners = [_start(database, now) for _ in range(workers)]
        seconds, told = _measure(planners, meter)
        with database.sessions() as session:
            rows = session.scalar(select(func.count()).select_from(Message)) or 0
            recipes = session.scalar(select(func.count()).select_from(Recipe)) or 0
        if rows != world.readers:
            raise BenchmarkError(f"{world.readers:,} readers were due, but {rows:,} have a row.")
        differences = assembling_sample.differences(
            database.sessions, size=sample, now=now, progress=progress
        )
    stages: Counter[str] = sum((Counter(one["stages"]) for one in told), Counter[str]())
    planned = sum(one["planned"] for one in told)
    return AssembleReport(
        readers=world.readers,
        topics=world.topics,
        picks=world.picks,
        articles=world.articles,
        workers=workers,
        set_up_seconds=set_up,
        seconds=seconds,
        planned=planned,
        skipped=sum(one["skipped"] for one in told),
        recipes=recipes,
        readers_per_recipe=planned / max(recipes, 1),
        rows_per_second=rows / seconds,
        peak_rss_mb=max(one["rss_mb"] for one in told),
        postgres_mb=meter.peak_mb.get("postgres", 0.0),
        worker_cpu_us=sum(one["cpu"] for one in told) / world.readers * 1e6,
        postgres_cpu_us=meter.cpu["postgres"] / world.readers * 1e6,
        stages=dict(stages),
        sample_size=min(sample, world.readers),
        sample_differences=differences,
    )


def _start(database: Database, now: datetime) -> "subprocess.Popen[str]":
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "service.bench.assembling_worker", url, now.isoformat()]
    planner = subprocess.Popen(  # our own interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if planner.stdout is None or planner.stdout.readline().strip() != "ready":
        planner.kill()
        raise BenchmarkError("A planner did not start; its message is above.")
    return planner


def _measure(planners: "list[subprocess.Popen[str]]", meter: Meter) -> tuple[float, list[dict[str, Any]]]:
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(meter, done))
    meter.start()
    watching.start()
    began = time.monotonic()
    try:
        for planner in planners:
            if planner.stdin is not None:
                planner.stdin.write("go\n")
                planner.stdin.flush()
        lines = [planner.stdout.readline() for planner in planners if planner.stdout is not None]
        seconds = time.monotonic() - began
    finally:
        done.set()
        watching.join()
        meter.stop()
        for planner in planners:
            planner.communicate()
    if not all(lines):
        raise BenchmarkError("A planner ended in the middle; its message is above.")
    return seconds, [json.loads(line) for line in lines]


def _watch(meter: Meter, done: threading.Event) -> None:
    while not done.wait(_LOOK_SECONDS):
        meter.look()
