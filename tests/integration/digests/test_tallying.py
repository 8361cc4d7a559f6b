"""The counts that the desk adds up: who is due at which slot ahead, and who reads what."""

from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.digests import tallying
from service.digests.models import SlotTally
from service.newsletters.models import Rhythm
from service.subscribers.models import SubscriptionState
from tests.factories import make_newsletter, make_subscription

#: A Tuesday.
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


def counted(session: Session) -> dict[tuple[str, date, datetime], int]:
    rows = session.execute(select(SlotTally.rhythm, SlotTally.day, SlotTally.slot_at, SlotTally.readers))
    return {(rhythm.value, day, slot_at): n for rhythm, day, slot_at, n in rows}


def test_every_slot_of_the_next_two_weeks_is_counted_on_the_readers_own_day(session: Session) -> None:
    newsletter = make_newsletter(session)
    for _ in range(3):
        make_subscription(session, newsletter, next_due_at=FRIDAY)
    # In Auckland it is Friday 07:00 on Thursday at 18:00 UTC.
    thursday = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
    make_subscription(session, newsletter, time_zone="Pacific/Auckland", next_due_at=thursday)
    tallying.count(session, now=NOW)
    assert counted(session) == {
        ("weekly", date(2026, 11, 27), thursday): 1,
        ("weekly", date(2026, 11, 27), FRIDAY): 3,
        ("weekly", date(2026, 12, 4), datetime(2026, 12, 3, 18, 0, tzinfo=UTC)): 1,
        ("weekly", date(2026, 12, 4), datetime(2026, 12, 4, 7, 0, tzinfo=UTC)): 3,
    }


def test_who_pauses_is_counted_from_the_day_on_which_mail_comes_again(session: Session) -> None:
    newsletter = make_newsletter(session)
    due = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    make_subscription(
        session, newsletter, rhythm=Rhythm.DAILY, next_due_at=due, paused_until=date(2026, 12, 2)
    )
    tallying.count(session, now=NOW)
    assert min(day for _, day, _ in counted(session)) == date(2026, 12, 2)


def test_who_gets_nothing_by_a_schedule_is_not_counted(session: Session) -> None:
    newsletter = make_newsletter(session)
    make_subscription(session, newsletter, state=SubscriptionState.PENDING)
    make_subscription(session, newsletter, state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(session, newsletter, first_digest_pending=True, next_due_at=FRIDAY)
    tallying.count(session, now=NOW)
    assert counted(session) == {}


def test_counting_again_counts_anew_and_nothing_twice(session: Session) -> None:
    newsletter = make_newsletter(session)
    reader = make_subscription(session, newsletter, next_due_at=FRIDAY)
    tallying.count(session, now=NOW)
    tallying.count(session, now=NOW)
    assert session.scalar(select(func.sum(SlotTally.readers))) == 2
    reader.state, reader.next_due_at = SubscriptionState.UNSUBSCRIBED, None
    session.flush()
    tallying.count(session, now=NOW)
    assert counted(session) == {}


def test_readers_are_counted_by_rhythm_and_by_the_topics_they_chose(session: Session) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    make_subscription(session, newsletter, topic_ids=[science.id], next_due_at=FRIDAY)
    make_subscription(session, newsletter, topic_ids=[science.id, energy.id], rhythm=Rhythm.DAILY)
    assert tallying.counted_at(session) is None
    tallying.count(session, now=NOW)
    assert tallying.counted_at(session) == NOW
    assert tallying.readers_of(session, newsletter.id) == {Rhythm.WEEKLY: 1, Rhythm.DAILY: 1}
    assert tallying.readers_of(session, newsletter.id, topic_id=science.id) == {
        Rhythm.WEEKLY: 1,
        Rhythm.DAILY: 1,
    }
    assert tallying.readers_of_topics(session, newsletter.id) == {science.id: 2, energy.id: 1}
