"""One planner of `broadsheet bench assemble`: `python -m` this, with the database's URL and the instant."""

import gc
import json
import resource
import sys
import time
from datetime import datetime

from service.bench import content
from service.db import make_engine, make_sessions
from service.digests import planning
from service.links import Links
from service.tokens import Tokens

LINKS = Links(f"https://news.{content.DOMAIN}", Tokens(("a key for benchmarks",)))


def main(url: str, now: str) -> None:
    """Say that it is ready, wait for a line, plan until nobody is due, and print what it took."""
    sessions = make_sessions(make_engine(url))
    # As workers do when they start.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    with sessions() as session:
        session.connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.process_time()
    report = planning.plan_due(sessions, links=LINKS, now=datetime.fromisoformat(now), seconds=3600)
    found = {
        "planned": report.planned,
        "skipped": report.skipped,
        "cpu": time.process_time() - began,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stages": report.seconds,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
