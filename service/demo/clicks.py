"""A plan of sample clicks, the same for the same seed, so that "popular" means something."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

SLOTS = range(1, 11)

_TYPICAL_CLICKS = 9
# Log-normal: most articles get a handful, the best of a week get ten times as many.
_SPREAD = 1.05
_HOURS_OF_INTEREST = 15
# The same decay by place that the popularity score starts from.
_SLOT_WEIGHTS = [slot**-0.7 for slot in SLOTS]


@dataclass(frozen=True, slots=True)
class SampleClick:
    """One click: on which article of the list, how long ago, in which place of the mail, by whom."""

    article: int
    hours_ago: float
    slot: int
    visitor: int


def plan_clicks(ages: Sequence[timedelta], *, visitors: int = 300, seed: int = 1) -> list[SampleClick]:
    """Plan who clicked which article when, oldest first; nobody clicks an article twice.

    `ages` says how long ago each article was published: no click comes before that.
    """
    random = Random(seed)
    clicks = [
        click
        for article, age in enumerate(ages)
        for click in _clicks_on(random, article, age=age / timedelta(hours=1), visitors=visitors)
    ]
    return sorted(clicks, key=lambda click: -click.hours_ago)


def _clicks_on(random: Random, article: int, *, age: float, visitors: int) -> list[SampleClick]:
    appeal = random.lognormvariate(0, _SPREAD)
    wanted = min(round(_TYPICAL_CLICKS * appeal), visitors)
    delays = [random.expovariate(1 / _HOURS_OF_INTEREST) for _ in range(wanted)]
    # What would fall into the future has not happened yet.
    return [
        SampleClick(
            article=article,
            hours_ago=age - delay,
            slot=random.choices(SLOTS, weights=_SLOT_WEIGHTS)[0],
            visitor=visitor,
        )
        for delay, visitor in zip(delays, random.sample(range(visitors), wanted), strict=True)
        if delay < age
    ]
