"""When an edition gets its public page, and what stands in it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.archive import publishing
from service.archive.models import PublicEdition
from service.articles.models import Article
from service.db import Sessions
from service.delivery import mailings
from service.delivery.models import Mailing
from service.digests import editions
from service.newsletters.models import Newsletter, Rhythm
from tests.factories import make_article, make_source
from tests.integration.digests.worlds import make_stories, make_world

#: A Friday: the weekly edition comes out at seven, newsletter's time.
SEVEN = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


def published(session: Session) -> list[PublicEdition]:
    session.expire_all()
    return list(session.scalars(select(PublicEdition).order_by(PublicEdition.slot_at, PublicEdition.id)))


def make_fresh_world(session: Session) -> Newsletter:
    """With six articles of this morning."""
    newsletter = make_world(session, stories=6, min_items=3)
    for article in session.scalars(select(Article)):
        article.published_at = SEVEN - timedelta(hours=1)
    session.commit()
    return newsletter


def open_daily(session: Session, newsletter: Newsletter, *, rhythm: Rhythm = Rhythm.DAILY) -> Mailing:
    edition = editions.open_edition(session, newsletter, rhythm=rhythm, period="2026-11-27", now=SEVEN)
    session.commit()
    return session.get_one(Mailing, edition.mailing_id)


def test_a_weekly_edition_comes_out_once_at_the_newsletters_hour(
    session: Session, sessions: Sessions
) -> None:
    make_world(session, stories=6, min_items=3)
    session.commit()
    assert publishing.publish_due(sessions, now=SEVEN + timedelta(minutes=1)) == 1
    assert publishing.publish_due(sessions, now=SEVEN + timedelta(days=2)) == 0
    [edition] = published(session)
    assert (edition.period, edition.day.isoformat(), edition.slot_at) == ("2026-W48", "2026-11-27", SEVEN)
    assert len(edition.article_ids) == 6


def test_an_edition_that_will_be_reviewed_is_not_shown_before_the_planner_has_come(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=6, min_items=3)
    newsletter.review_minutes = 30
    session.commit()
    assert publishing.publish_due(sessions, now=SEVEN + timedelta(minutes=29)) == 0
    assert publishing.publish_due(sessions, now=SEVEN + timedelta(minutes=30)) == 1


def test_the_next_edition_has_only_what_is_new(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=6, min_items=3)
    session.commit()
    publishing.publish_due(sessions, now=SEVEN)
    assert publishing.publish_due(sessions, now=SEVEN + timedelta(days=7)) == 0
    later = make_stories(session, newsletter, count=4, first_seq=50)
    session.commit()
    assert publishing.publish_due(sessions, now=SEVEN + timedelta(days=7)) == 1
    assert set(published(session)[1].article_ids) == {article.id for article in later}


def test_what_was_chosen_stays_chosen(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=4, min_items=3)
    session.commit()
    publishing.publish_due(sessions, now=SEVEN)
    before = published(session)[0].article_ids
    make_stories(session, newsletter, count=4, first_seq=50)
    session.commit()
    publishing.publish_due(sessions, now=SEVEN + timedelta(hours=5))
    assert [edition.article_ids for edition in published(session)] == [before]


def test_an_edition_that_is_late_has_nothing_from_after_its_hour(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_fresh_world(session)
    later = make_stories(session, newsletter, count=3, first_seq=50)
    for article in later:
        article.published_at = SEVEN + timedelta(hours=1)
    session.commit()
    publishing.publish_due(sessions, now=SEVEN + timedelta(days=1))
    assert set(published(session)[0].article_ids).isdisjoint(article.id for article in later)


def test_a_daily_edition_comes_out_where_there_are_daily_readers(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_fresh_world(session)
    for rhythm in (Rhythm.DAILY, Rhythm.WEEKDAYS, Rhythm.FIRST):
        open_daily(session, newsletter, rhythm=rhythm)
    publishing.publish_due(sessions, now=SEVEN)
    assert [(each.rhythm, each.period) for each in published(session)] == [
        (Rhythm.DAILY, "2026-11-27"),
        (Rhythm.WEEKLY, "2026-W48"),
    ]


def test_what_operators_hold_back_or_stop_is_not_public(session: Session, sessions: Sessions) -> None:
    newsletter = make_fresh_world(session)
    mailing = open_daily(session, newsletter)
    mailings.pause(session, mailing.id, now=SEVEN, by="review")
    session.commit()
    publishing.publish_due(sessions, now=SEVEN)
    assert [each.rhythm for each in published(session)] == [Rhythm.WEEKLY]
    mailings.resume(session, mailing.id, now=SEVEN)
    session.commit()
    publishing.publish_due(sessions, now=SEVEN)
    assert [each.rhythm for each in published(session)] == [Rhythm.WEEKLY, Rhythm.DAILY]


@pytest.mark.parametrize("values", [{"archive_public": False}, {"closed_at": SEVEN}, {"min_items": 7}])
def test_nothing_comes_out_of_a_private_closed_or_thin_newsletter(
    session: Session, sessions: Sessions, values: dict[str, object]
) -> None:
    make_world(session, stories=6, **values)
    session.commit()
    assert publishing.publish_due(sessions, now=SEVEN) == 0
    assert published(session) == []


def test_withdrawn_articles_are_not_chosen(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=4, min_items=3)
    gone = make_article(
        session, make_source(session, newsletter), newsletter.topics[0], seq=9, withdrawn_at=SEVEN
    )
    session.commit()
    publishing.publish_due(sessions, now=SEVEN)
    assert gone.id not in published(session)[0].article_ids


def test_stories_of_an_edition_that_nobody_got_are_new_again(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=6, min_items=3)
    session.commit()
    publishing.publish_due(sessions, now=SEVEN)
    later = {article.id for article in make_stories(session, newsletter, count=4, first_seq=50)}
    week = timedelta(days=7)
    publishing.publish_due(sessions, now=SEVEN + week)
    stopped = editions.open_edition(
        session, newsletter, rhythm=Rhythm.WEEKLY, period="2026-W49", now=SEVEN + week
    )
    mailings.stop(session, stopped.mailing_id, now=SEVEN + week)
    session.commit()

    assert publishing.publish_due(sessions, now=SEVEN + 2 * week) == 1
    assert [set(edition.article_ids) for edition in published(session)[1:]] == [later, later]
