"""Parses a feed in a process of its own, which may be as slow or as greedy as the feed makes it.

A worker must outlive every feed: the child has a limit on time and memory, and its parent reads back
nothing but JSON. Starting it costs about 0.2 s, and only for feeds that changed.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from service.articles.entries import Entry, Feed
from service.articles.parsing import parse
from service.articles.tombstones import Tombstone
from service.errors import FetchError

TIME_LIMIT = 20
_MEMORY_LIMIT = 768 * 1024 * 1024


def parse_apart(
    body: bytes, *, base_url: str, content_type: str = "", time_limit: float = TIME_LIMIT
) -> Feed:
    """Do what `parsing.parse` does, within limits.

    :raises FetchError: as `parse` does, and when the limits were not enough.
    """
    # -P: whatever lies in the current folder is not our code.
    command = [sys.executable, "-P", "-m", "service.articles.apart", base_url, content_type]
    try:
        done = subprocess.run(
            command, input=body, capture_output=True, timeout=time_limit, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"The feed takes longer than {time_limit:g} seconds to read.") from error
    if done.returncode != 0 or not done.stdout:
        raise FetchError("The feed could not be read within the limits of time and memory.")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise FetchError(answer["refused"])
    entries = tuple(_entry(values) for values in answer["entries"])
    deleted = tuple(Tombstone(each["guid"], datetime.fromisoformat(each["at"])) for each in answer["deleted"])
    return Feed(title=answer["title"], entries=entries, left_out=answer["left_out"], deleted=deleted)


def _environment() -> dict[str, str]:
    """Return what Python needs to start; keys and passwords have no business in the child."""
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "TZ") if name in os.environ}


def _entry(values: dict[str, Any]) -> Entry:
    published = values["published_at"]
    return Entry(
        **{
            **values,
            "categories": tuple(values["categories"]),
            "published_at": None if published is None else datetime.fromisoformat(published),
        }
    )


def _main(base_url: str, content_type: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_LIMIT, TIME_LIMIT + 5))
    if sys.platform == "linux":  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    body = sys.stdin.buffer.read()
    try:
        answer: dict[str, Any] = asdict(parse(body, base_url=base_url, content_type=content_type))
    except FetchError as error:
        answer = {"refused": str(error)}
    json.dump(answer, sys.stdout, default=datetime.isoformat)


if __name__ == "__main__":
    _main(*sys.argv[1:3])
