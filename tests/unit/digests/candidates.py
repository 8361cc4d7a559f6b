"""Short ways to write candidates and readers, and worlds of them for property tests."""

from math import exp

from hypothesis import strategies as st

from service.digests.selection.greedy import select
from service.digests.selection.values import Candidate, Pick, Place, Reader, Selection

TOPICS = ((1, "Science"), (2, "Energy"), (3, "Health"), (4, "Culture"), (5, "Sport"), (6, "Law"))


def story(article_id: int, *topic_ids: int, score: float = 0.0, **values: object) -> Candidate:
    """An article in these topics (Science unless named) whose place in the order is its id."""
    seq, boosted = values.pop("seq", article_id), values.pop("boosted", False)
    topics = topic_ids or (1,)
    return Candidate(
        **{
            "article_id": article_id,
            "story_id": article_id,
            "places": tuple(Place(topic_id, seq, exp(score), boosted) for topic_id in topics),
            "topic_ids": frozenset(topics),
            "source_id": 1,
            **values,
        }
    )


def popular(article_id: int, *topic_ids: int, score: float = 0.5, **values: object) -> Candidate:
    return story(article_id, *topic_ids, score=score, popular=True, **values)


def reader(*topic_ids: int, **values: object) -> Reader:
    """A reader of these topics (Science unless named), who is offered no others unless told so."""
    chosen = tuple(topic for topic in TOPICS if topic[0] in (topic_ids or (1,)))
    return Reader(**{"topics": chosen, "min_items": 1, "max_items": 10, **values})


def chosen(candidates: list[Candidate], who: Reader) -> Selection:
    selection = select(candidates, reader=who)
    assert isinstance(selection, Selection)
    return selection


def picks(selection: Selection) -> list[Pick]:
    return [pick for section in selection.sections for pick in section.picks]


@st.composite
def pools(draw: st.DrawFn) -> list[Candidate]:
    """Up to forty stories in eight topics, six of them on offer, of all kinds."""
    found = []
    for n in range(1, draw(st.integers(0, 40)) + 1):
        topics = draw(st.frozensets(st.integers(1, 8), min_size=1, max_size=3))
        places = [
            Place(topic_id, draw(st.integers(1, 20)), exp(draw(st.sampled_from([-1.0, 0.0, 0.0, 0.3, 1.5]))))
            for topic_id in sorted(topics)
        ]
        found.append(
            Candidate(
                article_id=n,
                story_id=draw(st.sampled_from([n, n, n, max(1, n - 1)])),
                places=tuple(places),
                topic_ids=topics,
                source_id=draw(st.integers(1, 3)),
                author=draw(st.sampled_from([None, "Ada", "Ben"])),
                popular=draw(st.booleans()),
                draw=draw(st.sampled_from([-1.0, 0.0, 0.5, 2.0])),
                has_image=draw(st.booleans()),
                pins=draw(st.sampled_from([frozenset()] * 8 + [frozenset({0}), frozenset({1, 4})])),
            )
        )
    return found


readers = st.builds(
    lambda topic_ids, low, more, received, excluded, muted, watermark, explore: Reader(
        topics=tuple(topic for topic in TOPICS if topic[0] in topic_ids),
        min_items=low,
        max_items=low + more,
        watermark=watermark,
        received=received,
        excluded=excluded,
        muted=muted,
        offered=TOPICS,
        explore=explore,
    ),
    st.frozensets(st.integers(1, 6)),
    st.integers(1, 5),
    st.integers(0, 12),
    st.frozensets(st.integers(1, 40), max_size=10),
    st.frozensets(st.integers(1, 6), max_size=2),
    st.frozensets(st.integers(1, 3), max_size=1),
    st.integers(0, 12),
    st.booleans(),
)
