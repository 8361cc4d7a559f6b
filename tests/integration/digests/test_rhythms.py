"""Rhythms beyond every day, week and month, and hours that have passed."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
from service.subscribers import choices as offered
from service.subscribers import preferences, schedule
from service.subscribers.choices import Choices
from service.subscribers.consent import Circumstances
from tests.factories import make_newsletter, make_subscription
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


changes = st.tuples(
    st.sampled_from(list(offered.RHYTHMS)),
    st.integers(1, 7),
    st.integers(0, 23),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York"]),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=changes, after=changes, had_one_today=st.booleans())
def test_a_change_neither_doubles_a_day_nor_skips_a_slot(
    session: Session,
    before: tuple[Rhythm, int, int, str],
    after: tuple[Rhythm, int, int, str],
    had_one_today: bool,
) -> None:
    newsletter = make_newsletter(session)
    rhythm, weekday, hour, zone = before
    reader = make_subscription(session, newsletter, rhythm=rhythm, weekday=weekday, hour=hour, time_zone=zone)
    reader.next_due_at = schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=NOW)
    reader.last_digest_on = schedule.local_date(NOW, time_zone=zone) if had_one_today else None
    old = reader.next_due_at
    rhythm, weekday, hour, zone = after
    preferences.change(
        session,
        reader.id,
        Choices(
            topic_ids=tuple(topic.id for topic in newsletter.topics[:1]),
            rhythm=rhythm,
            weekday=weekday,
            hour=hour,
            time_zone=zone,
            announcements=False,
        ),
        circumstances=BY_PAGE,
        now=NOW,
    )
    new = reader.next_due_at
    assert new is not None
    assert new > NOW
    first = schedule.next_due(rhythm, weekday=weekday, hour=hour, time_zone=zone, after=NOW)
    if before == after:
        assert new == old
    elif reader.last_digest_on is None:
        assert new == first
    else:
        # The first slot of the new rhythm on a day that has had no digest yet.
        assert schedule.local_date(new, time_zone=zone) > reader.last_digest_on
        assert new == first or schedule.local_date(first, time_zone=zone) <= reader.last_digest_on
