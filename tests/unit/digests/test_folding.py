"""From articles to candidates: one per story, with what editors want of it."""

from datetime import UTC, datetime, timedelta
from math import exp, isclose

from service.digests.folding import Member, StoryCuration, fold
from service.digests.models import CurationKind
from service.digests.selection.values import EVERYWHERE, Candidate

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def member(article_id: int, *seqs: tuple[int, int], story_id: int = 1, **values: object) -> Member:
    placed = seqs or ((1, article_id),)
    return Member(
        **{
            "article_id": article_id,
            "story_id": story_id,
            "source_id": article_id,
            "published_at": NOW + timedelta(hours=article_id),
            "topic_ids": frozenset(topic_id for topic_id, _ in placed),
            "seqs": placed,
            **values,
        }
    )


def curation(kind: CurationKind, article_id: int = 1, **values: object) -> StoryCuration:
    return StoryCuration(**{"story_id": 1, "article_id": article_id, "kind": kind, **values})


def only(*members: Member, curations: tuple[StoryCuration, ...] = ()) -> Candidate:
    [candidate] = fold(members, curations=curations, seed="seed")
    return candidate


def seqs(candidate: Candidate) -> dict[int, int]:
    return {place.topic_id: place.seq for place in candidate.places}


def test_a_story_stands_where_its_first_article_stands_in_the_topics_of_them_all() -> None:
    found = only(member(1, (1, 5)), member(2, (1, 9), (2, 9)), member(3, (3, 11)))

    assert (found.article_id, found.story_id) == (1, 1)
    assert seqs(found) == {1: 5, 2: 9, 3: 11}
    assert found.topic_ids == {1, 2, 3}


def test_our_own_site_stands_for_a_story_before_the_earliest_and_the_most_complete() -> None:
    early, later, own = member(1), member(2), member(3, own=True)
    at_once = member(4, published_at=early.published_at, length=500)

    assert only(early, later).article_id == 1
    assert only(early, later, own).article_id == 3
    assert only(early, at_once).article_id == 4


def test_what_editors_pinned_stands_for_its_story() -> None:
    found = only(member(1, own=True), member(2), curations=(curation(CurationKind.PIN, 2),))

    assert (found.article_id, found.pins) == (2, {EVERYWHERE})


def test_an_article_that_has_not_settled_stands_for_nothing() -> None:
    resting = member(1, seqs=(), topic_ids=frozenset({7}))

    assert only(resting, member(2)).article_id == 2
    assert only(resting, member(2)).topic_ids == {1, 7}
    assert fold([resting], curations=(), seed="") == []


def test_a_story_has_the_score_of_whichever_article_was_read_most() -> None:
    found = only(member(1, own=True), member(2, score=0.7, sd=0.1, observed=300))

    assert found.popular
    assert found.places[0].lift == exp(0.7)
    assert not only(member(1, score=0.7, sd=0.1, observed=19)).popular
    assert not only(member(1, score=-0.1, sd=0.1, observed=900)).popular


def test_a_boost_is_added_to_the_score_and_said_where_it_lifts() -> None:
    boosts = (
        curation(CurationKind.BOOST, boost=0.5),
        curation(CurationKind.BOOST, boost=-0.75, topic_id=2),
    )
    found = only(member(1, (1, 1), (2, 1), score=0.25), curations=boosts)

    assert [isclose(place.lift, exp(score)) for place, score in zip(found.places, (0.75, 0.0), strict=True)]
    assert [place.boosted for place in found.places] == [True, False]
    assert not found.popular, "editors' boosts make nothing most read"


def test_an_exclusion_holds_for_the_whole_story_or_for_a_topic_of_it() -> None:
    pair = member(1, (1, 1), (2, 1)), member(2, (2, 2))

    assert fold(pair, curations=[curation(CurationKind.EXCLUDE, 2)], seed="") == []
    found = only(*pair, curations=(curation(CurationKind.EXCLUDE, 2, topic_id=2),))
    assert seqs(found) == {1: 1}
    assert 2 in found.topic_ids, "readers who exclude the topic themselves are still spared it"


def test_the_order_of_the_articles_does_not_matter() -> None:
    members = [member(n, story_id=1 + n % 3) for n in range(1, 12)]

    assert fold(members, curations=(), seed="s") == fold(members[::-1], curations=(), seed="s")
