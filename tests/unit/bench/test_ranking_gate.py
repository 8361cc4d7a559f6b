"""The gate of the ranking: how well it finds what readers truly like, in worlds it was not made for."""

import pytest

from service.bench import ranking
from service.bench.ranking import Report
from service.bench.ranking_world import simulate


class Nobody:
    def sent(self, done: int, total: int) -> None:
        """Watch in silence."""


@pytest.fixture(scope="module")
def report() -> Report:
    return ranking.run(readers=20_000, seeds=6, progress=Nobody())


def test_the_best_of_the_site_are_found(report: Report) -> None:
    ours, views = report.by_ranker["log-lift"], report.by_ranker["raw views"]
    assert ours.site >= 0.78
    assert ours.site >= views.site + 0.25
    assert all(ours.site > each.site for name, each in report.by_ranker.items() if "log-lift" not in name)


def test_the_best_of_a_small_topic_are_found(report: Report) -> None:
    assert report.by_ranker["log-lift"].small >= 0.84


def test_a_storm_of_bots_brings_nobody_into_the_top_ten() -> None:
    """Of two worlds that differ by the storms alone, the same articles come first."""
    for seed in range(1, 4):
        world = simulate(readers=20_000, seed=seed)
        values = ranking.RANKERS["log-lift"](world)
        first = set(ranking.top(values, values, ranking.SITE))
        for story in world.stories:
            if story.stormed:
                # What is left of a storm after the filter is taken away again: was it worth a place?
                story.views = story.views_of_people
        calm = ranking.RANKERS["log-lift"](world)
        without = set(ranking.top(calm, calm, ranking.SITE + 2))
        stormed = {story.number for story in world.stories if story.stormed}
        assert first & stormed <= without


def test_a_world_that_does_not_fit_is_still_better_than_counting_views() -> None:
    found = ranking.run(readers=20_000, seeds=3, progress=Nobody(), misfit=True).by_ranker
    assert found["log-lift"].site > found["raw views"].site
    assert found["log-lift"].small > found["raw views"].small


def test_equal_seeds_make_equal_worlds() -> None:
    one, two = (simulate(readers=2_000, seed=5) for _ in range(2))
    assert [(story.views, story.clicks) for story in one.stories] == [
        (story.views, story.clicks) for story in two.stories
    ]
