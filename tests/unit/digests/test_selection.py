"""The choice of articles: what must always hold, and what a reader would expect to see."""

from collections import Counter
from math import log

from hypothesis import given, settings
from hypothesis import strategies as st

from service.digests.selection import (
    HARD_CAP,
    POPULAR_OBSERVED,
    Candidate,
    Pick,
    Reader,
    Selection,
    Skip,
    select,
)

TOPICS = ((1, "Science"), (2, "Energy"), (3, "Health"), (4, "Culture"), (5, "Sport"), (6, "Law"))


def story(article_id: int, *topic_ids: int, **values: object) -> Candidate:
    return Candidate(
        **{
            "article_id": article_id,
            "topic_ids": frozenset(topic_ids or (1,)),
            "source_id": 1,
            "seq": article_id,
            **values,
        }
    )


def popular(article_id: int, *topic_ids: int, score: float = 0.5, **values: object) -> Candidate:
    return story(article_id, *topic_ids, score=score, observed=POPULAR_OBSERVED, **values)


def reader(*topic_ids: int, **values: object) -> Reader:
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
    size = draw(st.integers(0, 40))
    return [
        Candidate(
            article_id=n,
            topic_ids=draw(st.frozensets(st.integers(1, 8), min_size=1, max_size=3)),
            source_id=draw(st.integers(1, 3)),
            author=draw(st.sampled_from([None, "Ada", "Ben"])),
            seq=draw(st.integers(1, 20)),
            score=draw(st.sampled_from([-1.0, 0.0, 0.0, 0.3, 1.5])),
            sd=0.5,
            observed=draw(st.sampled_from([0, 5, 20, 400])),
            has_image=draw(st.booleans()),
            fresh=draw(st.sampled_from([True, True, True, False])),
        )
        for n in range(1, size + 1)
    ]


readers = st.builds(
    lambda topic_ids, low, more, received: Reader(
        topics=tuple(topic for topic in TOPICS if topic[0] in topic_ids),
        min_items=low,
        max_items=low + more,
        received=received,
    ),
    st.frozensets(st.integers(1, 6), min_size=1),
    st.integers(1, 5),
    st.integers(0, 12),
    st.frozensets(st.integers(1, 40), max_size=10),
)


@settings(max_examples=120, deadline=None)
@given(pool=pools(), who=readers, shuffle=st.randoms(use_true_random=False))
def test_what_always_holds(pool: list[Candidate], who: Reader, shuffle: object) -> None:
    outcome = select(pool, reader=who)
    shuffle.shuffle(pool)
    assert select(pool, reader=who) == outcome, "the order of the candidates must not matter"
    by_id = {candidate.article_id: candidate for candidate in pool}
    topic_ids = {topic_id for topic_id, _ in who.topics}
    usable = [
        one
        for one in pool
        if one.topic_ids & topic_ids
        and one.article_id not in who.received
        and (one.fresh or (one.score > 0 and one.observed >= POPULAR_OBSERVED))
    ]
    if isinstance(outcome, Skip):
        assert outcome.reason == "too_few"
        assert sum(one.fresh for one in usable) < who.min_items
        return
    made = picks(outcome)
    taken = Counter(pick.topic_id for pick in made)
    assert len({pick.article_id for pick in made}) == len(made), "an article came twice"
    assert who.min_items <= len(made) <= min(who.max_items, HARD_CAP)
    assert [pick.slot for pick in made] == list(range(1, len(made) + 1))
    for section in outcome.sections:
        assert section.picks
        for pick in section.picks:
            candidate = by_id[pick.article_id]
            assert pick.topic_id in candidate.topic_ids & topic_ids
            assert pick.article_id not in who.received
            assert candidate.fresh or section.key == "popular"
            assert dict(who.topics)[pick.topic_id] in pick.reason
            if section.key == "popular":
                assert candidate.score > 0
                assert candidate.observed >= POPULAR_OBSERVED
    left = [one for one in usable if one.fresh and one.article_id not in outcome.article_ids]
    starved = {topic_id for one in left for topic_id in one.topic_ids & topic_ids} - taken.keys()
    assert not starved or max(taken.values()) < 3, "a third for one topic before a first for another"
    fresh = sum(one.fresh for one in usable)
    assert len(made) >= min(fresh, who.max_items, HARD_CAP), "places were left empty"


def test_without_clicks_there_is_no_most_read() -> None:
    selection = chosen([story(n, 1) for n in range(1, 9)], reader(1))

    assert [(section.key, section.heading) for section in selection.sections] == [("new", "New in Science")]
    assert selection.article_ids == (8, 7, 6, 5, 4, 3, 2, 1)


def test_most_read_stories_come_first_with_their_reason() -> None:
    pool = [story(n, 1) for n in range(10, 15)] + [popular(n, 2, score=n) for n in (1, 2)]

    selection = chosen(pool, reader(1, 2))

    first = selection.sections[0]
    assert (first.key, first.heading) == ("popular", "Most read in your topics")
    assert [pick.article_id for pick in first.picks] == [2, 1]
    assert first.picks[0].reason == "Most read in Energy this week"
    assert selection.sections[1].picks[0].reason == "You follow Science"


def test_a_reader_of_one_topic_reads_its_name() -> None:
    assert chosen([popular(1)], reader(1)).sections[0].heading == "Most read in Science"


def test_one_click_too_few_is_not_most_read() -> None:
    almost = story(1, 1, score=3.0, observed=POPULAR_OBSERVED - 1)

    assert [section.key for section in chosen([almost], reader(1)).sections] == ["new"]


def test_less_read_than_expected_is_not_most_read_however_many_clicks() -> None:
    common = story(1, 1, score=-0.1, observed=5_000)

    assert [section.key for section in chosen([common], reader(1)).sections] == ["new"]


def test_most_read_takes_at_most_four_of_ten() -> None:
    selection = chosen([popular(n, 1 + n % 2) for n in range(1, 30)], reader(1, 2))

    assert len(selection.sections[0].picks) == 4
    assert len(selection.article_ids) == 10


def test_an_old_story_comes_only_as_most_read() -> None:
    pool = [story(n, 1) for n in (1, 2, 3)] + [popular(9, fresh=False), story(8, 1, fresh=False)]

    selection = chosen(pool, reader(1))

    assert set(selection.article_ids) == {1, 2, 3, 9}


def test_a_small_topic_gets_its_story_beside_a_flood() -> None:
    pool = [story(n, 1, score=1.0) for n in range(10, 60)] + [story(1, 2, score=-2.0)]

    assert 1 in chosen(pool, reader(1, 2, max_items=3)).article_ids


def test_the_same_source_again_counts_for_less() -> None:
    # 1.2 x 0.8 x 0.7 is less than 1 x 0.8.
    pool = [story(3, 1, source_id=1, score=log(1.2)), story(2, 1, source_id=1, score=log(1.2))]
    pool.append(story(1, 1, source_id=2))

    assert set(chosen(pool, reader(1, max_items=2)).article_ids) == {3, 1}


def test_the_same_author_again_counts_for_less() -> None:
    pool = [story(3, 1, author="Ada"), story(2, 1, author="Ada"), story(1, 1, author="Ben")]

    assert set(chosen(pool, reader(1, max_items=2)).article_ids) == {3, 1}


def test_a_story_with_a_picture_leads_when_it_is_close_to_the_best() -> None:
    close = [story(1, 1, score=log(2.0)), story(2, 1, score=log(1.7), has_image=True)]
    far = [story(1, 1, score=log(2.0)), story(2, 1, score=log(1.5), has_image=True)]

    assert chosen(close, reader(1)).article_ids == (2, 1)
    assert chosen(far, reader(1)).article_ids == (1, 2)


def test_the_leads_topic_comes_first() -> None:
    pool = [story(1, 1), story(2, 1), story(3, 2, score=1.0)]

    headings = [section.heading for section in chosen(pool, reader(1, 2)).sections]

    assert headings == ["New in Energy", "New in Science"]


def test_many_topics_with_one_story_each_share_a_section() -> None:
    pool = [story(n, n) for n in range(1, 7)] + [story(10, 1)]

    sections = chosen(pool, reader(1, 2, 3, 4, 5, 6)).sections

    assert [(section.heading, len(section.picks)) for section in sections] == [
        ("New in Science", 2),
        ("Also new in your topics", 5),
    ]


def test_under_the_minimum_there_is_no_digest() -> None:
    assert select([story(1), story(2)], reader=reader(1, min_items=3)) == Skip("too_few")


def test_what_was_received_does_not_come_again() -> None:
    pool = [story(1), story(2), popular(3)]

    assert chosen(pool, reader(1, received=frozenset({2, 3}))).article_ids == (1,)


def test_a_reader_without_topics_gets_nothing() -> None:
    assert select([story(1)], reader=Reader(topics=(), min_items=1, max_items=5)) == Skip("too_few")
