"""Sources that a reader wants nothing of."""

from sqlalchemy.orm import Session

from service.db import Sessions
from service.digests import forecast, planning
from tests.integration.digests.worlds import LINKS, NOW, articles_of, make_due, make_stories, make_world


def test_a_muted_source_is_in_nobody_elses_digest_less(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=4)
    muted = make_stories(session, newsletter, count=3, first_seq=5)
    ann = make_due(session, newsletter, excluded_source_ids=[muted[0].source_id])
    ben = make_due(session, newsletter)
    session.commit()

    planning.plan_due(sessions, links=LINKS, now=NOW)

    ids = {article.id for article in muted}
    [of_ann], [of_ben] = articles_of(session, ann), articles_of(session, ben)
    assert len(of_ann) == 4
    assert not ids & set(of_ann)
    assert ids <= set(of_ben)


def test_the_forecast_leaves_muted_sources_out(session: Session) -> None:
    newsletter = make_world(session, stories=4)
    muted = make_stories(session, newsletter, count=4, first_seq=5)

    def weekly(*sources: int) -> float:
        return forecast.per_week(session, newsletter, topic_ids=(), muted=sources, now=NOW)

    assert (weekly(), weekly(muted[0].source_id)) == (2.0, 1.0)


def test_the_offer_says_what_topics_and_sources_bring(session: Session) -> None:
    newsletter = make_world(session, topics=("Science", "Energy"), stories=2)
    science, energy = newsletter.topics
    busy = make_stories(session, newsletter, count=12, first_seq=3, topic=science)

    assert forecast.each_topic(session, newsletter, now=NOW) == {science.id: 13 / 4, energy.id: 1 / 4}
    by_source = {one.id: one.weekly for one in forecast.each_source(session, newsletter, now=NOW)}
    assert by_source[busy[0].source_id] == 3.0
    assert sorted(by_source.values()) == [0.5, 3.0]
