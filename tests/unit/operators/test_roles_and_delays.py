"""Roles include the ones below them; delays after wrong passwords grow and end."""

from itertools import product

import pytest

from service.operators.models import Role
from service.operators.roles import DESCRIPTIONS, allows
from service.operators.throttle import Limit, wait_seconds


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    order = [Role.VIEWER, Role.EDITOR, Role.SENDER, Role.ADMIN]
    for have, needed in product(order, order):
        assert allows(have, needed) == (order.index(have) >= order.index(needed))
    assert set(DESCRIPTIONS) == set(order)


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 0), (4, 0), (5, 2), (6, 4), (7, 8), (13, 512), (14, 900), (10_000, 900)]
)
def test_the_wait_doubles_after_the_free_tries_up_to_its_limit(failures: int, wait: int) -> None:
    assert wait_seconds(failures, Limit(5, 900)) == wait
