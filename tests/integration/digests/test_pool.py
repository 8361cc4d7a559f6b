"""What a run may choose from: folded, as the editors want it, and nothing that was forgotten."""

from datetime import timedelta

from sqlalchemy.orm import Session

from service.articles.models import ArticleTopic
from service.digests import pool
from service.digests.selection.values import Candidate
from service.newsletters.models import Newsletter, Rhythm
from service.popularity.models import ArticleScore
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import NOW, make_stories


def load(session: Session, newsletter: Newsletter, **values: object) -> list[Candidate]:
    return pool.load_window(
        session,
        newsletter,
        **{"rhythm": Rhythm.WEEKLY, "after_seq": 0, "until_seq": 100, "seed": "", "now": NOW, **values},
    )


def ids(found: list[Candidate]) -> list[int]:
    return [one.article_id for one in found]


def make_score(session: Session, article_id: int, *, score: float, observed: int) -> None:
    session.add(
        ArticleScore(
            article_id=article_id, score=score, sd=0.1, observed=observed, explanation="", computed_at=NOW
        )
    )
    session.flush()


def test_our_own_item_stands_for_a_story_whose_first_copy_came_from_elsewhere(session: Session) -> None:
    newsletter = make_newsletter(session, home_url="https://www.courier.example/")
    source, (science, energy) = make_source(session, newsletter), newsletter.topics
    agency = make_article(session, source, science, seq=3, url="https://agency.example/1")
    own = make_article(session, source, energy, seq=9, url="https://courier.example/1", story_id=agency.id)
    agency.story_id = agency.id
    session.flush()

    [found] = load(session, newsletter)

    assert (found.article_id, found.story_id) == (own.id, agency.id)
    assert {place.topic_id: place.seq for place in found.places} == {science.id: 3, energy.id: 9}


def test_a_copy_that_comes_after_the_cut_off_changes_nothing(session: Session) -> None:
    newsletter = make_newsletter(session)
    source, science = make_source(session, newsletter), newsletter.topics[0]
    first = make_article(session, source, science, seq=3)
    make_article(session, source, science, seq=30, story_id=first.id, published_at=NOW)
    first.story_id = first.id
    session.flush()

    [found] = load(session, newsletter, until_seq=10)
    [again] = load(session, newsletter, after_seq=10)

    assert (found.article_id, found.seq) == (first.id, 3)
    assert (again.article_id, again.seq) == (first.id, 3), "a copy is no news to who is past the first"


def test_of_a_withdrawn_article_the_copy_stays(session: Session) -> None:
    newsletter = make_newsletter(session)
    source, science = make_source(session, newsletter), newsletter.topics[0]
    first = make_article(session, source, science, seq=3, withdrawn_at=NOW)
    copy = make_article(session, source, science, seq=5, story_id=first.id)
    first.story_id = first.id
    session.flush()

    [found] = load(session, newsletter)

    assert (found.article_id, found.story_id, found.seq) == (copy.id, first.id, 5)


def test_what_was_popular_lately_is_there_below_the_window(session: Session) -> None:
    newsletter = make_newsletter(session)
    old, quiet, *new = make_stories(session, newsletter, count=4)
    aged = make_stories(session, newsletter, count=1, first_seq=0)[0]
    aged.published_at = NOW - timedelta(days=29)
    for article, score, observed in ((old, 0.5, 20), (quiet, 0.5, 19), (aged, 2.0, 900)):
        make_score(session, article.id, score=score, observed=observed)

    found = load(session, newsletter, after_seq=2)

    assert ids(found) == sorted([old.id, *(article.id for article in new)])
    assert aged.id in ids(load(session, newsletter, after_seq=2, rhythm=Rhythm.MONTHLY))


def test_what_readers_may_have_had_and_nobody_remembers_is_on_offer_no_longer(session: Session) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    [fresh, old] = make_stories(session, newsletter, count=2, topic=science)
    long_ago = NOW - timedelta(weeks=13, seconds=1)
    session.get_one(ArticleTopic, (old.id, science.id)).settled_at = long_ago
    session.add(
        ArticleTopic(article_id=old.id, topic_id=energy.id, mapped_at=NOW, eligible_seq=50, settled_at=NOW)
    )
    session.flush()

    assert ids(load(session, newsletter)) == [fresh.id]


def test_archived_topics_and_other_newsletters_offer_nothing(session: Session) -> None:
    newsletter = make_newsletter(session)
    make_stories(session, make_newsletter(session), count=2)
    make_stories(session, newsletter, count=1, topic=newsletter.topics[0])
    newsletter.topics[0].archived_at = NOW
    session.flush()

    assert load(session, newsletter) == []


def test_all_that_an_edition_offers_is_the_same_for_all_its_runs(session: Session) -> None:
    newsletter = make_newsletter(session)
    make_stories(session, newsletter, count=8)

    assert load(session, newsletter, seed="1 weekly 2026-W48") == load(
        session, newsletter, seed="1 weekly 2026-W48"
    )
    draws = [one.draw for one in load(session, newsletter, seed="1 weekly 2026-W48")]
    assert draws != [one.draw for one in load(session, newsletter, seed="1 weekly 2026-W49")]
