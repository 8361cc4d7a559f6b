"""Limits that all workers share, in Redis: one script, one round trip, never a long wait for an answer."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

SCRIPT = (Path(__file__).with_name("throttle.lua")).read_text(encoding="utf-8")
#: Longer than any healthy answer takes, and short enough for an event loop to stand still.
ANSWER_SECONDS = 0.15
#: After a failure Redis is left alone for so long, and longer while it goes on.
AWAY_SECONDS = (3.0, 6.0, 12.0)
#: A worker that has not been heard of for so long shares no limit any more.
WORKER_SECONDS = 30.0
PREFIX = "broadsheet:throttle:"


class Away(Exception):  # not an error: the caller goes on by itself, slower
    """Redis does not answer, or has not for the last seconds."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A limit as a worker remembers it; `rate` and `lift` restore what Redis forgot."""

    name: str
    top: float
    rate: float
    lift: float
    accepted: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """(granted, seconds to wait) per domain asked about, and (rate, lift) of the limits that are slowed."""

    granted: list[tuple[int, float]]
    slowed: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Greeting:
    """How many workers are alive, and which limits are slowed; `epoch` changes when Redis lost everything."""

    workers: int
    epoch: str
    slowed: dict[str, tuple[float, float]]


class SharedLimits:
    """The connection, and the circuit that spares us a Redis that hangs. Safe across threads and forks."""

    def __init__(
        self, url: str, *, prefix: str = PREFIX, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = redis.Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            # The client's own three tries with back-off would hold the event loop for seconds.
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._client.register_script(SCRIPT)
        self._prefix = prefix
        self._clock = clock
        self._away_until = 0.0
        self._failures = 0

    def grant(self, asks: Sequence[Ask], relay: int, domains: Sequence[tuple[int, int]]) -> Answer:
        """Take tokens; `relay` and each domain name their limit by its place in `asks` from 1, 0 for none.

        :raises Away: nothing was granted, or nobody will use what was.
        """
        words: list[object] = ["grant", "", len(asks)]
        for ask in asks:
            words += [ask.name, ask.top, ask.rate, ask.lift, ask.accepted, ask.returned]
        words.append(relay)
        for place, want in domains:
            words += [place, want]
        raw = self._run([self._prefix + ask.name for ask in asks], words)
        split = 2 * len(domains)
        granted = [(int(raw[n]), float(raw[n + 1])) for n in range(0, split, 2)]
        slowed = {
            ask.name: (float(raw[split + 3 * n]), float(raw[split + 3 * n + 1]))
            for n, ask in enumerate(asks)
            if int(raw[split + 3 * n + 2])
        }
        return Answer(granted, slowed)

    def cut(self, ask: Ask, *, flow: float, rest: float, why: str) -> tuple[float, float]:
        """Slow a limit, or make one; return its rate and where it is lifted.

        :raises Away: it was not slowed.
        """
        words = ["cut", "", ask.name, ask.top, ask.rate, ask.lift, flow, rest, why]
        rate, lift = self._run([self._prefix + ask.name], words)
        return float(rate), float(lift)

    def hello(self, worker: str) -> Greeting:
        """Give a sign of life and learn what is slowed.

        :raises Away: nothing was learnt.
        """
        keys = [self._prefix + "workers", self._prefix + "epoch"]
        words = ["hello", "", worker, WORKER_SECONDS, uuid.uuid4().hex, self._prefix]
        workers, epoch, *rest = self._run(keys, words)
        slowed = {rest[n]: (float(rest[n + 1]), float(rest[n + 2])) for n in range(0, len(rest), 3)}
        return Greeting(int(workers), epoch, slowed)

    def describe(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the fields of these limits and of all that are slowed.

        :raises Away: nothing can be said.
        """
        with self._guarded():
            slowed = cast("set[str]", self._client.smembers(self._prefix + "slowed"))
            every = sorted({*names, *slowed})
            pipeline = self._client.pipeline(transaction=False)
            for name in every:
                pipeline.hgetall(self._prefix + name)
            return {name: fields for name, fields in zip(every, pipeline.execute(), strict=True) if fields}

    def close(self) -> None:
        self._client.close()

    def _run(self, keys: list[str], words: Sequence[object]) -> list[Any]:
        with self._guarded():
            found = self._script(keys=[*keys, self._prefix + "slowed"], args=cast("Any", words))
        return cast("list[Any]", found)

    def _guarded(self) -> "_Circuit":
        if self._clock() < self._away_until:
            raise Away
        return _Circuit(self)

    def _fell_silent(self, error: RedisError) -> None:
        self._away_until = self._clock() + AWAY_SECONDS[min(self._failures, len(AWAY_SECONDS) - 1)]
        self._failures += 1
        log.warning("Redis does not answer (%s); every worker keeps a part of the limits.", error)


class _Circuit:
    """Turns what the client raises into Away, and opens the circuit."""

    def __init__(self, limits: SharedLimits) -> None:
        self._limits = limits

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RedisError):
            self._limits._fell_silent(error)
            raise Away from error
        if error is None:
            self._limits._failures = 0
