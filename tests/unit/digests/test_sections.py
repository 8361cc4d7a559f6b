"""Editor's picks, what was missed, the draw, and readers who chose nothing."""

from math import exp

from service.digests.selection import drawing
from service.digests.selection.greedy import select
from service.digests.selection.values import EVERYWHERE, Candidate, Place, Reader, Section, Skip
from tests.unit.digests.candidates import TOPICS, chosen, popular, reader, story

EVERYBODY = frozenset({EVERYWHERE})


def section(key: str, pool: list[Candidate], who: Reader) -> Section | None:
    return next((one for one in chosen(pool, who).sections if one.key == key), None)


def ids(found: Section | None) -> list[int]:
    return [] if found is None else [pick.article_id for pick in found.picks]


def test_a_pinned_article_leads_whatever_else_is_read() -> None:
    pool = [popular(n, score=3.0) for n in range(5, 20)] + [story(1, pins=EVERYBODY)]

    first = chosen(pool, reader(1)).sections[0]

    assert (first.key, first.heading, ids(first)) == ("editors", "Picked by the editors", [1])
    assert first.picks[0].reason == "Picked by the editors"


def test_a_pin_for_a_topic_reaches_only_those_who_follow_it() -> None:
    pool = [story(n, 1, 2) for n in range(5, 9)] + [story(1, 2, pins=frozenset({2}))]

    assert ids(section("editors", pool, reader(1, 2))) == [1]
    assert section("editors", pool, reader(1, offered=TOPICS)) is None


def test_a_pin_for_everybody_stands_for_its_own_topic_where_none_of_it_was_chosen() -> None:
    found = section("editors", [story(5), story(1, 4, pins=EVERYBODY)], reader(1, offered=TOPICS))

    assert found is not None
    assert found.picks[0].topic_id == 4


def test_a_pinned_article_comes_below_the_watermark_too() -> None:
    assert ids(section("editors", [story(5), story(1, pins=EVERYBODY)], reader(1, watermark=3))) == [1]


def test_a_reader_who_excludes_its_topic_is_spared_the_pin() -> None:
    pool = [story(5), story(1, 4, pins=EVERYBODY)]

    assert section("editors", pool, reader(1, excluded=frozenset({4}), offered=TOPICS)) is None


def test_editors_fill_at_most_a_third() -> None:
    pool = [story(n, pins=EVERYBODY) for n in range(1, 10)]

    assert len(ids(section("editors", pool, reader(1)))) == 3
    assert len(ids(section("editors", pool, reader(1, max_items=6)))) == 2


def test_a_pick_with_a_picture_leads() -> None:
    pool = [story(1, pins=EVERYBODY, score=2.0), story(2, pins=EVERYBODY, has_image=True)]

    assert chosen(pool, reader(1)).article_ids[0] == 2


def test_a_boost_lifts_an_article_and_its_reason_says_so() -> None:
    plain, raised = story(2), Candidate(1, (Place(1, 1, exp(0.5), boosted=True),), 2, 1, frozenset({1}))

    selection = chosen([plain, raised], reader(1, max_items=4))

    assert selection.article_ids == (1, 2)
    assert selection.sections[0].picks[0].reason == "You follow Science · recommended by the editors"


def test_what_was_missed_is_popular_and_below_the_watermark() -> None:
    pool = [story(n) for n in range(50, 70)]
    pool += [popular(1, score=0.4), popular(2, score=0.9), popular(3, score=0.1), story(4, score=9.0)]

    found = section("missed", pool, reader(1, watermark=40))

    assert found is not None
    assert (found.heading, ids(found)) == ("You may have missed", [2, 1])
    assert found.picks[0].reason == "Much read in Science lately"


def test_what_is_new_in_one_chosen_topic_was_not_missed() -> None:
    late = Candidate(1, (Place(1, 5, 2.0), Place(2, 50, 2.0)), 1, 1, frozenset({1, 2}), popular=True)
    pool = [late] + [story(n) for n in range(60, 63)]

    assert section("missed", pool, reader(1, 2, watermark=40)) is None
    assert ids(section("missed", pool, reader(1, watermark=40))) == [1]


def test_the_drawn_story_is_from_a_topic_not_chosen() -> None:
    pool = [story(n, 1, draw=5.0) for n in range(1, 20)]
    pool += [story(30, 4, draw=0.1), story(31, 4, draw=0.7), story(32, 1, 4, draw=9.0)]

    found = section("explore", pool, reader(1, offered=TOPICS))

    assert found is not None
    assert (found.heading, ids(found)) == ("Something different", [31])
    assert (found.picks[0].reason, found.picks[0].draw) == ("Something different: Culture", 0.7)


def test_who_follows_everything_gets_the_best_draw_of_the_rest() -> None:
    pool = [story(n, 1, draw=n / 10) for n in range(1, 20)]

    assert ids(section("explore", pool, reader(1, offered=TOPICS[:1]))) == [10]


def test_who_wants_nothing_else_is_drawn_a_story_of_their_own_topics() -> None:
    pool = [story(n, 1, draw=n / 10) for n in range(1, 20)] + [story(30, 4, draw=9.0)]

    assert ids(section("explore", pool, reader(1, offered=TOPICS, explore=False))) == [10]


def test_an_excluded_topic_is_nothing_different() -> None:
    pool = [story(n, 1) for n in range(1, 4)] + [story(30, 4)]
    who = reader(1, excluded=frozenset({4}), offered=TOPICS)

    assert 30 not in chosen(pool, who).article_ids


def test_a_reader_who_chose_nothing_gets_the_best_of_everything() -> None:
    pool = [story(n, 1 + n % 3) for n in range(1, 10)] + [popular(20, 4, score=2.0)]

    selection = chosen(pool, Reader(topics=(), min_items=1, max_items=10, offered=TOPICS))

    assert len(selection.article_ids) == 10
    assert selection.sections[0].heading == "Popular this week"
    assert selection.sections[1].picks[0].reason.startswith("New in ")


def test_where_nothing_is_on_offer_there_is_a_visible_skip() -> None:
    assert select([story(1)], reader=Reader(topics=(), min_items=1, max_items=5)) == Skip("too_few")
    assert select([], reader=reader(1)) == Skip("too_few")


def test_five_hundred_topics_are_no_trouble() -> None:
    topics = tuple((n, f"Topic {n}") for n in range(1, 501))
    pool = [story(n, 1 + n % 500) for n in range(1, 700)]

    selection = chosen(pool, Reader(topics=topics, min_items=3, max_items=14, offered=topics))

    assert len({pick.topic_id for one in selection.sections for pick in one.picks}) == 14


def test_a_draw_is_the_same_for_everybody_and_another_in_the_next_edition() -> None:
    one = drawing.draw("1 weekly 2026-W48", 7, score=0.2, sd=0.5)

    assert one == drawing.draw("1 weekly 2026-W48", 7, score=0.2, sd=0.5)
    assert one != drawing.draw("1 weekly 2026-W49", 7, score=0.2, sd=0.5)
    assert drawing.draw("1 weekly 2026-W48", 7, score=0.2, sd=0.0) == 0.2


def test_draws_follow_the_score_and_its_error_bar() -> None:
    drawn = [drawing.draw("seed", n, score=1.0, sd=0.5) for n in range(4_000)]

    mean = sum(drawn) / len(drawn)
    spread = (sum((one - mean) ** 2 for one in drawn) / len(drawn)) ** 0.5
    assert abs(mean - 1.0) < 0.03
    assert abs(spread - 0.5) < 0.03
