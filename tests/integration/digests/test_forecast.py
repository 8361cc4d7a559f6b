"""How many stories a week topics have had: each story once, without what is excluded or withdrawn."""

from datetime import timedelta

from sqlalchemy.orm import Session

from service.digests import forecast
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import NOW


def test_stories_of_the_last_weeks_are_counted_once(session: Session) -> None:
    newsletter = make_newsletter(session, topics=("Science", "Energy"))
    source = make_source(session, newsletter)
    science, energy = newsletter.topics
    for day in range(12):
        make_article(session, source, science, published_at=NOW - timedelta(days=day))
    make_article(session, source, science, energy, published_at=NOW - timedelta(days=1))
    first = make_article(session, source, energy, published_at=NOW - timedelta(days=2))
    make_article(session, source, energy, published_at=NOW - timedelta(days=2), story_id=first.id)
    make_article(session, source, energy, published_at=NOW - timedelta(days=40))
    make_article(session, source, energy, published_at=NOW - timedelta(days=3), withdrawn_at=NOW)

    def weekly(*topic_ids: int, excluded: tuple[int, ...] = ()) -> float:
        return forecast.per_week(session, newsletter, topic_ids=topic_ids, excluded=excluded, now=NOW) * 4

    assert weekly(science.id) == 13
    assert weekly(energy.id) == 2
    assert weekly(science.id, energy.id) == weekly() == 14
    assert weekly(science.id, excluded=(energy.id,)) == 12
