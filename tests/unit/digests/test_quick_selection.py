"""The quick form chooses exactly what the plain one chooses."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from service.digests.selection import greedy, quick
from service.digests.selection.pooling import Pool
from service.digests.selection.values import Candidate, Place, Reader
from tests.unit.digests.candidates import TOPICS, pools, readers


@settings(max_examples=400)
@given(pools(), st.lists(readers, min_size=1, max_size=4))
def test_in_any_small_world(candidates: list[Candidate], everybody: list[Reader]) -> None:
    alone = [replace(one, story_id=one.article_id) for one in candidates]
    for world in (alone, candidates):
        pool = Pool(world, offered=TOPICS)
        for reader in everybody:
            assert quick.select(pool, reader=reader) == greedy.select(world, reader=reader)


def test_in_a_world_of_five_hundred_topics() -> None:
    dice = Random(11)
    offered = tuple((n, f"Topic {n}") for n in range(1, 501))
    candidates = []
    for n in range(1, 701):
        topics = dice.sample(range(1, 501), dice.choice((1, 1, 2, 3)))
        candidates.append(
            Candidate(
                article_id=n,
                story_id=n,
                places=tuple(
                    Place(topic, dice.randrange(1, 900), dice.lognormvariate(0, 0.5)) for topic in topics
                ),
                topic_ids=frozenset(topics),
                source_id=dice.randrange(12),
                author=dice.choice((None, "Ada", "Ben", "Cem")),
                popular=dice.random() < 0.3,
                draw=dice.gauss(0, 1),
                has_image=dice.random() < 0.5,
                pins=frozenset({topics[0]}) if dice.random() < 0.02 else frozenset(),
            )
        )
    pool = Pool(candidates, offered=offered)
    for _ in range(60):
        wanted = set(dice.sample(range(1, 501), dice.choice((0, 1, 5, 30, 500))))
        reader = Reader(
            topics=tuple(topic for topic in offered if topic[0] in wanted),
            min_items=dice.randrange(1, 6),
            max_items=dice.randrange(6, 15),
            watermark=dice.choice((0, 0, 300, 800, 900)),
            received=frozenset(dice.sample(range(1, 701), dice.choice((0, 20, 300)))),
            excluded=frozenset(dice.sample(range(1, 501), dice.choice((0, 3)))),
            offered=offered,
            explore=dice.random() < 0.7,
        )
        assert quick.select(pool, reader=reader) == greedy.select(candidates, reader=reader)


def test_nothing_to_choose_from() -> None:
    pool = Pool([], offered=TOPICS)
    reader = Reader(topics=TOPICS[:2], min_items=1, max_items=10, offered=TOPICS)
    assert quick.select(pool, reader=reader) == greedy.select([], reader=reader)
