"""What is chosen for crowds is what the plain form chooses for one reader, to the last bit."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from service.digests.selection import crowd
from service.digests.selection.greedy import select
from service.digests.selection.sections import arrange
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import Candidate, Place, Reader, Selection, Skip
from tests.unit.digests.candidates import TOPICS, pools, readers


def choose(shelves: Shelves, reader: Reader) -> Selection | Skip:
    taken = crowd.choose(shelves, reader)
    return taken if isinstance(taken, Skip) else Selection(arrange(taken, reader=reader))


@settings(max_examples=200)
@given(pools(), st.lists(readers, min_size=1, max_size=4), st.booleans())
def test_crowds_get_what_one_reader_gets(pool: list[Candidate], who: list[Reader], fold: bool) -> None:
    if fold:
        pool = [replace(one, story_id=one.article_id) for one in pool]
    shelves = Shelves(pool, offered=TOPICS)

    for reader in who:
        assert choose(shelves, reader) == select(pool, reader=reader)


def test_crowds_get_the_same_from_five_hundred_topics_and_ten_thousand_places() -> None:
    dice = Random(4)
    offered = tuple((n, f"Topic {n}") for n in range(1, 501))
    pool = [world_story(dice, n, topics=500) for n in range(1, 2001)]
    shelves = Shelves(pool, offered=offered)

    for size in (0, 1, 5, 40, 500):
        topics = tuple(sorted(dice.sample(offered, size)))
        reader = Reader(
            topics=topics,
            min_items=3,
            max_items=dice.choice((4, 10, 14)),
            watermark=dice.choice((0, 1500)),
            received=frozenset(dice.sample(range(1, 2001), 30)),
            excluded=frozenset(dice.sample(range(1, 501), 3)),
            muted=frozenset(dice.sample(range(12), dice.choice((0, 1, 3)))),
            offered=offered,
        )
        assert choose(shelves, reader) == select(pool, reader=reader)


def world_story(dice: Random, number: int, *, topics: int) -> Candidate:
    of = frozenset(dice.choices(range(1, topics + 1), k=dice.choice((1, 2, 8))))
    return Candidate(
        article_id=number,
        story_id=number,
        places=tuple(
            Place(topic_id, number + dice.randrange(40), dice.lognormvariate(0, 0.5)) for topic_id in of
        ),
        topic_ids=of,
        source_id=dice.randrange(12),
        author=f"Author {dice.randrange(60)}",
        popular=dice.random() < 0.3,
        draw=dice.gauss(0, 1),
        has_image=dice.random() < 0.5,
        pins=frozenset({dice.choice((0, 7))}) if dice.random() < 0.002 else frozenset(),
    )
