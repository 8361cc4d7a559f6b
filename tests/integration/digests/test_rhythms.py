"""Rhythms beyond every day, week and month, and hours that have passed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import MessageState
from service.digests import planning
from service.digests.models import Edition, Run
from service.digests.report import PlanReport
from service.newsletters.models import Rhythm
from service.ops import editions as edition_pages
from service.ops.missed import list_missed
from service.subscribers import preferences
from service.subscribers.choices import Choices
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription
from tests.integration.digests.worlds import (
    LINKS,
    NOW,
    articles_of,
    make_due,
    make_stories,
    make_world,
    messages,
)

BY_PAGE = Circumstances(channel="preferences")


def plan(sessions: Sessions, *, after: timedelta = timedelta()) -> PlanReport:
    return planning.plan_due(sessions, links=LINKS, now=NOW + after)


def test_who_waits_for_enough_gets_no_row_until_enough_is_there(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=4, min_items=3)
    patient = make_due(session, newsletter, rhythm=Rhythm.ENOUGH, enough_items=6)
    content = make_due(session, newsletter, rhythm=Rhythm.ENOUGH, enough_items=4)
    session.commit()

    assert plan(sessions) == PlanReport(planned=1, waiting=1)
    assert [each.subscription_id for each in messages(session)] == [content.id]
    [run] = session.scalars(select(Run))
    assert run.waiting == 1
    session.refresh(patient)
    assert (patient.watermark, patient.last_digest_on) == (0, None)
    assert patient.next_due_at == NOW + timedelta(days=1)

    make_stories(session, newsletter, count=2, first_seq=5)
    session.commit()
    assert plan(sessions, after=timedelta(days=1)) == PlanReport(planned=1, waiting=1)
    [got] = articles_of(session, patient)
    assert len(got) == 6
    session.refresh(patient)
    assert patient.last_digest_on == date(2026, 11, 25)


def test_nobody_waits_for_more_than_a_digest_holds(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=6, max_items=5)
    reader = make_due(session, newsletter, rhythm=Rhythm.ENOUGH, enough_items=12)
    session.commit()
    assert plan(sessions).planned == 1
    assert len(articles_of(session, reader)[0]) == 5


@pytest.mark.parametrize(
    ("rhythm", "period", "following"),
    [
        (Rhythm.WEEKDAYS, "2026-11-24", timedelta(days=1)),
        # The Tuesday of the first week of a fortnight.
        (Rhythm.FORTNIGHTLY, "2026-11-23+14", timedelta(days=14)),
    ],
)
def test_each_rhythm_has_editions_of_its_own(
    session: Session, sessions: Sessions, rhythm: Rhythm, period: str, following: timedelta
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter, rhythm=rhythm)
    session.commit()
    assert plan(sessions).planned == 1
    [edition] = session.scalars(select(Edition))
    assert (edition.rhythm, edition.period) == (rhythm, period)
    session.refresh(reader)
    assert reader.next_due_at == NOW + following


def test_a_late_run_says_by_how_much(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    make_due(session, newsletter)
    session.commit()
    assert plan(sessions, after=timedelta(hours=5)).planned == 1
    [line] = edition_pages.list_page(session)
    assert [run.late for run in line.runs] == [timedelta(hours=5)]


def test_an_hour_that_passed_for_too_long_is_dropped_told_and_costs_no_article(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter, rhythm=Rhythm.DAILY)
    session.commit()

    assert plan(sessions, after=timedelta(hours=13)) == PlanReport(skipped=1, dropped=1)
    [message] = messages(session)
    assert (message.state, message.reason) == (MessageState.SKIPPED, "slot_passed")
    [missed] = list_missed(session, now=NOW + timedelta(hours=14))
    assert (missed.readers, missed.period) == (1, "Daily, 24 November 2026")
    assert not list_missed(session, now=NOW + timedelta(days=8))
    session.refresh(reader)
    assert reader.watermark == 0

    assert plan(sessions, after=timedelta(days=1)).planned == 1
    assert len(articles_of(session, reader)[0]) == 6


def change(session: Session, reader: Subscription, *, now: datetime, **values: object) -> datetime:
    """Save other choices as the preference page does, and return the slot that it names."""
    choices = {
        "topic_ids": tuple(reader.topic_ids),
        "rhythm": reader.rhythm,
        "weekday": reader.weekday,
        "hour": reader.hour,
        "time_zone": reader.time_zone,
        "announcements": False,
        **values,
    }
    preferences.change(session, reader.id, Choices(**choices), circumstances=BY_PAGE, now=now)
    session.commit()
    assert reader.next_due_at is not None
    return reader.next_due_at


def test_a_later_day_of_a_week_that_had_its_digest_is_not_promised(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    make_stories(session, newsletter, count=3, first_seq=7)
    session.refresh(reader)

    # From Tuesday to Sunday: this week's edition has reached this reader, next Sunday's has not.
    slot = change(session, reader, weekday=7, now=NOW + timedelta(hours=1))
    assert slot == datetime(2026, 12, 6, 9, tzinfo=UTC)
    assert plan(sessions, after=slot - NOW) == PlanReport(planned=1)


def test_a_digest_that_is_due_in_the_minute_of_a_change_still_comes(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter)
    session.commit()
    # Eight o'clock of this Tuesday has passed; the digest of nine would otherwise slip a week.
    assert change(session, reader, hour=8, now=NOW + timedelta(seconds=3)) == NOW
    assert plan(sessions, after=timedelta(seconds=5)) == PlanReport(planned=1)
    session.refresh(reader)
    assert reader.next_due_at == NOW + timedelta(days=7, hours=-1)


def test_a_change_to_a_later_hour_of_the_same_edition_moves_what_is_due(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter)
    session.commit()
    later = NOW + timedelta(hours=3)
    assert change(session, reader, hour=12, now=NOW + timedelta(seconds=3)) == later
    assert plan(sessions, after=timedelta(seconds=5)) == PlanReport()
    assert plan(sessions, after=timedelta(hours=3)) == PlanReport(planned=1)


def test_whoever_moves_west_has_one_digest_on_a_day_that_comes_twice(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    values = {"rhythm": Rhythm.DAILY, "time_zone": "Pacific/Kiritimati", "hour": 23}
    reader = make_due(session, newsletter, **values)
    session.commit()
    plan(sessions)
    session.refresh(reader)
    assert reader.last_digest_on == date(2026, 11, 24)
    # On Niue it is the 23rd still, a few hours before midnight: the 24th is yet to come, and was served.
    slot = change(session, reader, time_zone="Pacific/Niue", hour=7, now=NOW + timedelta(minutes=1))
    assert slot == datetime(2026, 11, 25, 18, tzinfo=UTC)
