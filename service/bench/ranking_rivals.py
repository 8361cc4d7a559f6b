"""Other ways to rank by popularity, as their makers describe them, for comparison in the simulator."""

import math
from collections.abc import Callable
from random import Random

from service.bench.ranking_world import Story, World
from service.popularity import expectation
from service.popularity.ranking import slot_rate

Values = dict[int, float]
Ranker = Callable[[World], Values]

_WILSON_Z = 1.28


def log_lift(world: World) -> Values:
    """Ours."""
    seen = world.seen()
    model = expectation.fit(list(seen.values()))
    return {number: found.score for number, found in expectation.scores(seen, model).items()}


def without_shares(world: World) -> Values:
    """Ours, where nobody counts shares."""
    seen = world.seen()
    for each in seen.values():
        each.shares = None
    model = expectation.fit(list(seen.values()))
    return {number: found.score for number, found in expectation.scores(seen, model).items()}


def fixed_weights(world: World) -> Values:
    """The same logarithms, each signal with the same weight however well it is known."""
    seen = world.seen()
    model = expectation.fit(list(seen.values()))
    return {
        number: sum(
            math.log((one.observed + 0.5) / (one.expected + 0.5))
            for one in expectation.observations(each, model)
        )
        for number, each in seen.items()
    }


def eb_coec(world: World) -> Values:
    """Clicks over expected clicks, shrunk to the mean."""
    return {story.number: (story.clicks + 2) / (_expected(story, world) + 2) for story in world.stories}


def coec(world: World) -> Values:
    """Clicks over expected clicks."""
    return {
        story.number: story.clicks / expected if (expected := _expected(story, world)) else 0.0
        for story in world.stories
    }


def wilson(world: World) -> Values:
    """The lower bound of the raw click rate."""
    return {story.number: _lower_bound(story.clicks, story.mails) for story in world.stories}


def raw_views(world: World) -> Values:
    return {story.number: float(story.views) for story in world.stories}


def hacker_news(world: World) -> Values:
    return {
        story.number: max(story.views - 1, 0) ** 0.8 / ((world.age(story) + 2) ** 1.8)
        for story in world.stories
    }


def reddit(world: World) -> Values:
    return {
        story.number: math.log10(max(story.views, 1)) - world.age(story) / 12.5 for story in world.stories
    }


def chance(world: World) -> Values:
    dice = Random(len(world.stories))
    return {story.number: dice.random() for story in world.stories}


RANKERS: dict[str, Ranker] = {
    "log-lift": log_lift,
    "log-lift, no shares": without_shares,
    "fixed weights": fixed_weights,
    "EB-COEC": eb_coec,
    "COEC": coec,
    "Wilson": wilson,
    "raw views": raw_views,
    "Hacker News": hacker_news,
    "Reddit": reddit,
    "chance": chance,
}


def _expected(story: Story, world: World) -> float:
    """Expect what the world's own prior gives: COEC has no fit of its own."""
    return sum(
        place.exposure * expectation.PRIOR_RATE * slot_rate(number) for number, place in story.places.items()
    )


def _lower_bound(clicks: int, shown: float) -> float:
    if not shown:
        return 0.0
    rate, z = min(clicks / shown, 1.0), _WILSON_Z
    centre = rate + z * z / (2 * shown)
    spread = z * math.sqrt((rate * (1 - rate) + z * z / (4 * shown)) / shown)
    return (centre - spread) / (1 + z * z / shown)
