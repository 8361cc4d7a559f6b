"""The choice of articles: what must always hold, and what a reader would expect to see."""

from collections import Counter
from math import log

from hypothesis import given, settings
from hypothesis import strategies as st

from service.digests.selection import rules
from service.digests.selection.greedy import select
from service.digests.selection.values import EVERYWHERE, Candidate, Reader, Skip
from tests.unit.digests.candidates import TOPICS, chosen, picks, pools, popular, reader, readers, story


@settings(max_examples=150, deadline=None)
@given(pool=pools(), who=readers, shuffle=st.randoms(use_true_random=False))
def test_what_always_holds(pool: list[Candidate], who: Reader, shuffle: object) -> None:
    outcome = select(pool, reader=who)
    shuffle.shuffle(pool)
    assert select(pool, reader=who) == outcome, "the order of the candidates must not matter"
    limit = rules.limit(who.max_items)
    floor = rules.floor(who.min_items, limit=limit)
    by_id = {candidate.article_id: candidate for candidate in pool}
    follows = {topic_id for topic_id, _ in who.follows}
    usable = [
        one
        for one in pool
        if one.story_id not in who.received
        and not one.topic_ids & who.excluded
        and one.source_id not in who.muted
    ]
    fresh = {
        one.story_id
        for one in usable
        if any(place.topic_id in follows and place.seq > who.watermark for place in one.places)
    }
    if isinstance(outcome, Skip):
        assert outcome.reason == "too_few"
        # Of two articles of one story the one that stands for both may be the older.
        assert len(fresh) < floor or len({one.story_id for one in usable}) < len(usable)
        return
    made = picks(outcome)
    assert len({pick.article_id for pick in made}) == len(made), "an article came twice"
    stories = [by_id[pick.article_id].story_id for pick in made]
    assert len(set(stories)) == len(stories), "a story came twice"
    assert len(made) <= limit
    assert [pick.slot for pick in made] == list(range(1, len(made) + 1))
    counts = Counter(section.key for section in outcome.sections for _ in section.picks)
    assert counts["editors"] <= 3
    assert counts["popular"] <= 5
    assert counts["missed"] <= 2
    assert counts["explore"] <= 1
    assert counts["editors"] + counts["popular"] + counts["new"] >= floor
    for section in outcome.sections:
        assert section.picks
        for pick in section.picks:
            candidate = by_id[pick.article_id]
            seqs = {place.topic_id: place.seq for place in candidate.places}
            assert pick.topic_id in seqs
            assert candidate.story_id not in who.received
            assert not candidate.topic_ids & who.excluded
            assert candidate.source_id not in who.muted
            assert section.key == "editors" or dict(TOPICS)[pick.topic_id] in pick.reason
            if section.key in {"popular", "new", "missed"}:
                assert pick.topic_id in follows
            if section.key in {"popular", "new", "explore"}:
                assert seqs[pick.topic_id] > who.watermark
            if section.key == "explore" and not who.explore:
                assert pick.topic_id in follows
            if section.key in {"popular", "missed"}:
                assert candidate.popular
            if section.key == "editors":
                assert EVERYWHERE in candidate.pins or candidate.pins & follows
            assert (pick.draw is not None) is (section.key == "explore")


@settings(max_examples=100, deadline=None)
@given(pool=pools(), who=readers)
def test_no_topic_gets_three_before_each_with_something_new_has_one(
    pool: list[Candidate], who: Reader
) -> None:
    outcome = select(pool, reader=who)
    if isinstance(outcome, Skip) or not who.topics:
        return
    by_editors = {p.article_id for s in outcome.sections if s.key == "editors" for p in s.picks}
    made = [pick for pick in picks(outcome) if pick.article_id not in by_editors]
    by_id = {one.article_id: one for one in pool}
    got = Counter(pick.topic_id for pick in picks(outcome))
    had = who.received | {by_id[pick.article_id].story_id for pick in picks(outcome)}
    after = select(
        pool, reader=Reader(who.topics, 1, 14, who.watermark, had, who.excluded, who.offered, muted=who.muted)
    )
    left = () if isinstance(after, Skip) else picks(after)
    new = {
        pick.topic_id
        for pick in left
        for place in by_id[pick.article_id].places
        if place.topic_id == pick.topic_id and place.seq > who.watermark
    }
    starved = {topic_id for topic_id, _ in who.follows if not got[topic_id]} & new
    assert not starved or max(Counter(pick.topic_id for pick in made).values(), default=0) < 3


def test_without_clicks_there_is_no_most_read() -> None:
    selection = chosen([story(n, 1) for n in range(1, 9)], reader(1))

    assert [(section.key, section.heading) for section in selection.sections] == [("new", "New in Science")]
    assert selection.article_ids == (8, 7, 6, 5, 4, 3, 2, 1)


def test_most_read_stories_come_first_with_their_reason() -> None:
    pool = [story(n, 1) for n in range(10, 15)] + [popular(n, 2, score=n) for n in (1, 2)]

    selection = chosen(pool, reader(1, 2))

    first = selection.sections[0]
    assert (first.key, first.heading) == ("popular", "Popular in your topics")
    assert [pick.article_id for pick in first.picks] == [2, 1]
    assert first.picks[0].reason == "Most read in Energy this week"
    assert selection.sections[1].picks[0].reason == "You follow Science"


def test_a_reader_of_one_topic_reads_its_name() -> None:
    assert chosen([popular(1)], reader(1)).sections[0].heading == "Popular in Science"


def test_most_read_takes_at_most_four_of_ten() -> None:
    selection = chosen([popular(n, 1 + n % 2) for n in range(1, 30)], reader(1, 2))

    assert len(selection.sections[0].picks) == 4
    assert len(selection.article_ids) == 10


def test_a_small_topic_gets_its_story_beside_a_flood() -> None:
    pool = [story(n, 1, score=1.0) for n in range(10, 60)] + [story(1, 2, score=-2.0)]

    assert 1 in chosen(pool, reader(1, 2, max_items=3)).article_ids


def test_topics_that_got_nothing_come_before_what_was_missed_or_drawn() -> None:
    pool = [story(n, n) for n in range(1, 7)] + [popular(20, 1, seq=0), story(30, 7, draw=9.0)]
    who = reader(1, 2, 3, 4, 5, 6, max_items=6, offered=(*TOPICS, (7, "Food")))

    assert set(chosen(pool, who).article_ids) == {1, 2, 3, 4, 5, 6}


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

    assert chosen(close, reader(1, max_items=4)).article_ids == (2, 1)
    assert chosen(far, reader(1, max_items=4)).article_ids == (1, 2)


def test_the_leads_topic_comes_first() -> None:
    pool = [story(1, 1), story(2, 1), story(3, 2, score=1.0)]

    headings = [section.heading for section in chosen(pool, reader(1, 2, max_items=4)).sections]

    assert headings == ["New in Energy", "New in Science"]


def test_many_topics_with_one_story_each_share_a_section() -> None:
    pool = [story(n, n) for n in range(1, 7)] + [story(10, 1)]

    sections = chosen(pool, reader(1, 2, 3, 4, 5, 6)).sections

    assert [(section.heading, len(section.picks)) for section in sections] == [
        ("New in Science", 2),
        ("Also new in your topics", 5),
    ]


def test_under_the_floor_there_is_no_digest() -> None:
    assert select([story(1), story(2)], reader=reader(1, min_items=3)) == Skip("too_few")


def test_what_was_missed_and_what_is_drawn_do_not_lift_a_digest_over_its_floor() -> None:
    pool = [story(5), story(6), popular(1), popular(2), story(7, 2)]
    who = reader(1, min_items=3, watermark=4, offered=TOPICS)

    assert select(pool, reader=who) == Skip("too_few")


def test_room_for_other_sections_never_costs_a_digest_its_floor() -> None:
    pool = [story(n) for n in range(5, 10)] + [popular(1), popular(2), story(11, 2)]
    who = reader(1, min_items=5, max_items=5, watermark=4, offered=TOPICS)

    assert set(chosen(pool, who).article_ids) == {5, 6, 7, 8, 9}


def test_a_ceiling_below_the_floor_lowers_it() -> None:
    assert len(chosen([story(n) for n in range(1, 9)], reader(1, min_items=3, max_items=2)).article_ids) == 2


def test_what_was_received_does_not_come_again_in_any_section() -> None:
    pool = [story(1), story(2), popular(3), popular(4, seq=0), story(5, pins=frozenset({EVERYWHERE}))]

    assert chosen(pool, reader(1, received=frozenset({2, 3, 4, 5}))).article_ids == (1,)


def test_an_article_that_is_also_in_an_excluded_topic_is_out() -> None:
    pool = [story(1, 1), story(2, 1, 2), story(3, 1, topic_ids=frozenset({1, 2}))]

    assert chosen(pool, reader(1, excluded=frozenset({2}))).article_ids == (1,)


def test_nothing_comes_from_a_muted_source_in_any_section() -> None:
    pool = [
        story(1),
        story(2, source_id=7),
        popular(3, source_id=7),
        popular(4, seq=0, source_id=7),
        story(5, source_id=7, pins=frozenset({EVERYWHERE})),
        story(6, 4, source_id=7, draw=9.0),
    ]

    assert chosen(pool, reader(1, muted=frozenset({7}), offered=TOPICS)).article_ids == (1,)


def test_one_of_a_story_is_enough() -> None:
    assert len(chosen([story(n, story_id=1) for n in (1, 2, 3)] + [story(4)], reader(1)).article_ids) == 2
