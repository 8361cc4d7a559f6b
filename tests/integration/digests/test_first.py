"""The first digest after a confirmation, and the welcome when there is too little to read."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import MessageState
from service.digests import first, planning
from service.digests.models import Edition, Run
from service.digests.report import PlanReport
from service.newsletters.models import Newsletter, Rhythm
from service.recipes import composing
from service.recipes.models import Recipe
from service.subscribers.models import Subscription
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import (
    LINKS,
    NOW,
    articles_of,
    make_due,
    make_stories,
    make_world,
    messages,
)


def plan_first(sessions: Sessions, *, now: datetime = NOW) -> PlanReport:
    return first.plan_first(sessions, links=LINKS, now=now)


def make_new(session: Session, newsletter: Newsletter, **values: object) -> Subscription:
    """A reader who has just confirmed; the first regular digest is due in three days."""
    return make_due(
        session,
        newsletter,
        **{
            "first_digest_pending": True,
            "weekday": 5,
            "next_due_at": NOW + timedelta(days=3),
            **values,
        },
    )


def make_aged(session: Session, newsletter: Newsletter, *, days: int, seq: int) -> int:
    source = make_source(session, newsletter)
    when = NOW - timedelta(days=days)
    return make_article(session, source, newsletter.topics[0], seq=seq, published_at=when).id


def test_a_new_reader_gets_the_best_of_the_last_days_at_once(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=5)
    reader = make_new(session, newsletter)
    session.commit()

    assert plan_first(sessions) == PlanReport(planned=1)

    session.refresh(reader)
    [message] = messages(session)
    assert (message.kind, message.state, message.due_at) == ("digest", MessageState.PLANNED, NOW)
    assert (reader.first_digest_pending, reader.watermark) == (False, 5)
    assert reader.last_digest_on == date(2026, 11, 24)
    assert reader.next_due_at == NOW + timedelta(days=3)
    edition = session.scalars(select(Edition)).one()
    assert (edition.rhythm, edition.period) == (Rhythm.FIRST, "2026-11-24")
    assert session.scalars(select(Run.finished_at)).one() == NOW
    text = composing.whole(session, session.scalars(select(Recipe)).one()).text
    assert "thank you for joining" in text


def test_the_regular_digest_repeats_nothing_of_the_first(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=8)
    reader = make_new(session, newsletter)
    session.commit()
    plan_first(sessions)
    make_stories(session, newsletter, count=4, first_seq=20)
    session.commit()

    planning.plan_due(sessions, links=LINKS, now=NOW + timedelta(days=3))

    early, late = articles_of(session, reader)
    assert not set(early) & set(late)
    assert len(late) == 4


def test_a_daily_reader_begins_with_two_days_and_a_weekly_one_with_seven(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session, topics=("Science",), min_items=1)
    old, middle, new = (make_aged(session, newsletter, days=d, seq=s) for d, s in ((20, 1), (5, 2), (1, 3)))
    daily = make_new(session, newsletter, rhythm=Rhythm.DAILY)
    weekly = make_new(session, newsletter)
    session.commit()

    plan_first(sessions)

    assert articles_of(session, daily) == [[new]]
    assert articles_of(session, weekly) == [[new, middle]]
    assert old not in articles_of(session, weekly)[0]


def test_a_thin_week_is_filled_up_from_the_month(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session, topics=("Science",))
    made = [make_aged(session, newsletter, days=d, seq=s) for d, s in ((40, 1), (20, 2), (9, 3), (1, 4))]
    reader = make_new(session, newsletter)
    session.commit()

    plan_first(sessions)

    assert articles_of(session, reader) == [made[:0:-1]]


def test_too_little_to_read_brings_a_welcome_and_the_rest_comes_later(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session, topics=("Science",))
    ancient = make_aged(session, newsletter, days=90, seq=1)
    waiting = [make_aged(session, newsletter, days=2, seq=s) for s in (2, 3)]
    reader = make_new(session, newsletter)
    session.commit()

    assert plan_first(sessions) == PlanReport(skipped=1)

    skipped, welcome = messages(session)
    assert (skipped.state, skipped.reason) == (MessageState.SKIPPED, "too_few")
    assert (welcome.kind, welcome.stream, welcome.state) == (
        "welcome",
        "transactional",
        MessageState.PLANNED,
    )
    make_stories(session, newsletter, count=2, first_seq=20)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW + timedelta(days=3))
    [article_ids] = articles_of(session, reader)
    assert set(waiting) < set(article_ids)
    assert ancient not in article_ids


def test_an_empty_newsletter_welcomes_and_starts_from_now(session: Session, sessions: Sessions) -> None:
    reader = make_new(session, make_newsletter(session))
    session.commit()

    plan_first(sessions)

    session.refresh(reader)
    assert [message.kind for message in messages(session)] == ["digest", "welcome"]
    assert (reader.watermark, reader.first_digest_pending) == (0, False)


def test_planning_first_digests_again_changes_nothing(session: Session, sessions: Sessions) -> None:
    make_new(session, make_world(session))
    session.commit()
    plan_first(sessions)

    assert plan_first(sessions) == PlanReport()
    assert len(messages(session)) == 1


def test_the_first_digest_is_the_only_one_of_its_day(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    reader = make_new(session, newsletter, rhythm=Rhythm.DAILY, next_due_at=NOW)
    session.commit()
    # While the first one waits, no regular one is planned.
    assert planning.plan_due(sessions, links=LINKS, now=NOW) == PlanReport()
    plan_first(sessions)

    report = planning.plan_due(sessions, links=LINKS, now=NOW)

    assert report == PlanReport(skipped=1)
    assert len(articles_of(session, reader)) == 1


def test_who_comes_back_on_the_same_day_is_welcomed_but_not_mailed_a_second_digest(
    session: Session, sessions: Sessions
) -> None:
    reader = make_new(session, make_world(session))
    session.commit()
    plan_first(sessions)
    session.refresh(reader)
    reader.first_digest_pending, reader.generation = True, 2
    session.commit()

    plan_first(sessions)

    assert [message.kind for message in messages(session)] == ["digest", "welcome"]


def test_who_pauses_at_once_gets_neither(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session, topics=("Science",))
    make_aged(session, newsletter, days=90, seq=1)
    make_aged(session, newsletter, days=2, seq=2)
    reader = make_new(session, newsletter, paused_until=date(2026, 12, 24))
    session.commit()

    assert plan_first(sessions) == PlanReport(paused=1)

    session.refresh(reader)
    assert messages(session) == []
    assert (reader.first_digest_pending, reader.watermark) == (False, 1)


def test_a_newsletter_that_may_not_send_keeps_its_new_readers_waiting(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    newsletter.sender.postal_address = " "
    reader = make_new(session, newsletter)
    session.commit()
    plan_first(sessions)
    session.refresh(reader)
    assert reader.first_digest_pending

    newsletter.sender.postal_address = "1 Quay Street"
    session.commit()

    assert plan_first(sessions) == PlanReport(planned=1)


def test_who_waits_for_enough_later_is_greeted_with_what_there_is(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=4)
    reader = make_new(session, newsletter, rhythm=Rhythm.ENOUGH, enough_items=9)
    session.commit()
    assert plan_first(sessions) == PlanReport(planned=1)
    assert len(articles_of(session, reader)[0]) == 4
