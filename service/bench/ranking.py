"""How well rankings find the articles that readers truly like best: nDCG against the simulator's truth."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any, Protocol

from service.bench.ranking_rivals import RANKERS
from service.bench.ranking_world import TOPICS, World, simulate

SITE, TOPIC = 10, 5
#: The largest quarter of the topics, and the smaller half.
BIG = range(TOPICS // 4)
SMALL = range(TOPICS // 2, TOPICS)


class Progress(Protocol):
    """Who watches."""

    def sent(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one ranker, over all seeds: 1 is the order of the truth."""

    site: float
    big: float
    small: float
    #: Part of the site's first ten that comes from the smaller half of the topics.
    small_share: float
    #: Stormed articles among the first ten that do not belong there, per world.
    storms: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, by ranker."""

    readers: int
    seeds: int
    misfit: bool
    by_ranker: dict[str, Quality]

    def as_json(self) -> dict[str, Any]:
        return {
            "readers": self.readers,
            "seeds": self.seeds,
            "world": "misfit" if self.misfit else "model",
            "rankers": {
                name: {
                    "site_ndcg_10": round(each.site, 4),
                    "big_topic_ndcg_5": round(each.big, 4),
                    "small_topic_ndcg_5": round(each.small, 4),
                    "small_share": round(each.small_share, 4),
                    "storms": round(each.storms, 4),
                }
                for name, each in self.by_ranker.items()
            },
        }

    def lines(self) -> list[str]:
        world = "a world that does not fit the model" if self.misfit else "the model's world"
        lines = [
            f"{self.readers:,} readers, {self.seeds} seeds, {world}",
            "",
            "                       site    topics, nDCG@5    small topics   storms in",
            "  ranking           nDCG@10     big    small        in top 10    top ten",
        ]
        return lines + [
            f"  {name:<19}{each.site:6.3f}  {each.big:6.3f}   {each.small:6.3f}"
            f"        {each.small_share:9.2f}  {each.storms:9.2f}"
            for name, each in self.by_ranker.items()
        ]


def run(*, readers: int, seeds: int, progress: Progress, misfit: bool = False, first_seed: int = 1) -> Report:
    """Simulate worlds and rank them all ways; every number is the mean over the seeds."""
    found: dict[str, list[Quality]] = {name: [] for name in RANKERS}
    for done in range(seeds):
        progress.sent(done, seeds)
        world = simulate(readers=readers, seed=first_seed + done, misfit=misfit)
        for name, ranker in RANKERS.items():
            found[name].append(judge(world, ranker(world)))
    progress.sent(seeds, seeds)
    return Report(readers, seeds, misfit, {name: _mean(each) for name, each in found.items()})


def judge(world: World, values: Mapping[int, float]) -> Quality:
    """Compare an order with the truth."""
    by_topic: defaultdict[int, list[int]] = defaultdict(list)
    truth = {story.number: story.appeal for story in world.stories}
    topics = {story.number: story.topic for story in world.stories}
    for number, topic in topics.items():
        by_topic[topic].append(number)
    first = top(values, truth, SITE)
    best = set(top(truth, truth, SITE))
    stormed = {story.number for story in world.stories if story.stormed}
    return Quality(
        site=ndcg(values, truth, SITE),
        big=_over_topics(values, truth, by_topic, BIG),
        small=_over_topics(values, truth, by_topic, SMALL),
        small_share=sum(topics[number] in SMALL for number in first) / SITE,
        storms=float(sum(number in stormed and number not in best for number in first)),
    )


def top(values: Mapping[int, float], among: Iterable[int], count: int) -> list[int]:
    """Return the first so many; the older of two equal ones is first."""
    return sorted(among, key=lambda number: (-values[number], number))[:count]


def ndcg(values: Mapping[int, float], truth: Mapping[int, float], count: int) -> float:
    """Normalised discounted cumulative gain (Järvelin 2002): the gain is the true appeal."""
    gained, best = top(values, truth, count), top(truth, truth, count)
    ideal = _dcg([truth[number] for number in best])
    return _dcg([truth[number] for number in gained]) / ideal if ideal else 1.0


def _over_topics(
    values: Mapping[int, float], truth: Mapping[int, float], by_topic: Mapping[int, list[int]], which: range
) -> float:
    """Return the mean over topics that have enough articles for an order to matter."""
    found = [
        ndcg(values, {number: truth[number] for number in by_topic[topic]}, TOPIC)
        for topic in which
        if len(by_topic[topic]) >= TOPIC
    ]
    return mean(found) if found else 1.0


def _dcg(gains: list[float]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def _mean(found: list[Quality]) -> Quality:
    return Quality(
        site=mean(each.site for each in found),
        big=mean(each.big for each in found),
        small=mean(each.small for each in found),
        small_share=mean(each.small_share for each in found),
        storms=mean(each.storms for each in found),
    )
