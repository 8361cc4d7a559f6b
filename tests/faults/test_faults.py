"""A few faults in every test run; `make faults SEEDS=200` has them all."""

from collections.abc import Iterator

import pytest

from tests.faults import audience, catalogue
from tests.faults.campaign import one
from tests.faults.world import World, running_world

pytestmark = pytest.mark.timeout(240)

#: One of each sort: a sender, a whole worker's queue, the database, the relay, people.
EVERY_TIME = (
    "kill child after the dot, before its reply",
    "Redis flushed",
    "PostgreSQL connections reset",
    "relay drops after the dot",
    "readers leave in the middle",
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with running_world() as world:
        audience.settle_in(world)
        yield world


@pytest.mark.parametrize("name", EVERY_TIME)
def test_nobody_is_lost_or_mailed_twice_when(world: World, name: str) -> None:
    result = one(world, catalogue.find(name), seed=1)
    assert (result.lost, result.doubled, result.wrong) == (0, 0, [])
    assert result.unknown <= result.doubt
    assert result.recovered_in < 60
