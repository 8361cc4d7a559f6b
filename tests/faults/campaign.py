"""Many runs in one world, and the table of what came out."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from tests.faults import audience
from tests.faults.catalogue import Fault
from tests.faults.invariants import judge
from tests.faults.run import begin
from tests.faults.world import World


@dataclass
class Result:
    """What one run showed."""

    fault: str
    seed: int
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    #: How many messages nobody can know about.
    doubt: int = 0
    seconds: float = 0.0
    recovered_in: float = 0.0
    wrong: list[str] = field(default_factory=list)
    #: Why it could not be made here.
    missing: str = ""

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def one(world: World, fault: Fault, seed: int) -> Result:
    """Let one fault strike one mailing."""
    began = time.monotonic()
    result = Result(fault.name, seed, missing=fault.missing)
    if fault.missing:
        return result
    dice = random.Random(f"{fault.name} {seed}")
    try:
        run = begin(world, dice=dice, name=f"{fault.name} {seed} {time.time_ns()}")
        fault.strike(run)
        run.recover()
        verdict = judge(run)
    except (TimeoutError, AssertionError, OSError, SQLAlchemyError, psycopg.Error, RedisError) as error:
        result.wrong.append(f"I6: {type(error).__name__}: {error}")
    else:
        result.lost, result.doubled, result.unknown = verdict.lost, verdict.doubled, verdict.unknown
        result.wrong += verdict.wrong
        result.doubt = run.doubt
        result.recovered_in = run.recovered_in
    result.seconds = time.monotonic() - began
    return result


def many(
    world: World, faults: Sequence[tuple[Fault, int]], *, tell: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Run them one after the other."""
    audience.settle_in(world)
    results = []
    for fault, seed in faults:
        results.append(one(world, fault, seed))
        tell(results[-1])
    return results
