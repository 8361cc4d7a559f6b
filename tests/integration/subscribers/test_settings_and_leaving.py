from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery import ledger, mailings, suppression
from service.delivery.ledger import NewMessage
from service.delivery.models import Message, MessageState
from service.errors import Conflict, InvalidInput
from service.newsletters.models import Rhythm
from service.subscribers import preferences, purging, queries, reach, unsubscribe
from service.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from service.subscribers.signup_models import SignupAttempt
from tests.factories import make_newsletter, make_subscription
from tests.integration.subscribers.requests import HASH, PAGE, choices, sign_up, the_subscription

FRIDAY = datetime(2026, 11, 27, 6, tzinfo=UTC)


def put(session: Session, subscription: Subscription, kind: str, *, now: datetime) -> None:
    mailing = mailings.transactional(session, now=now)
    message = NewMessage(
        dedupe_key=f"{kind} {subscription.id}",
        kind=kind,
        due_at=now,
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
    )
    ledger.put(session, mailing, [message], now=now)


def outcomes(session: Session) -> dict[str, tuple[MessageState, str]]:
    rows = session.execute(select(Message.dedupe_key, Message.state, Message.reason))
    return {key: (state, reason) for key, state, reason in rows}


def events(session: Session) -> list[ConsentKind]:
    return list(session.scalars(select(ConsentEvent.kind).order_by(ConsentEvent.id)))


def berliner(session: Session, **values: object) -> Subscription:
    newsletter = make_newsletter(session)
    return make_subscription(
        session, newsletter, **{"time_zone": "Europe/Berlin", "next_due_at": FRIDAY, **values}
    )


def test_a_new_rhythm_moves_the_next_mail(session: Session, now: datetime) -> None:
    row = berliner(session)
    wanted = choices(row.newsletter, rhythm=Rhythm.DAILY, hour=18)
    preferences.change(session, row.id, wanted, circumstances=PAGE, now=now)
    assert row.next_due_at == datetime(2026, 11, 24, 17, tzinfo=UTC)
    assert events(session) == [ConsentKind.PREFERENCES_CHANGED]


def test_new_topics_leave_a_mail_that_is_due_where_it_is(session: Session, now: datetime) -> None:
    row = berliner(session, next_due_at=now - timedelta(seconds=20))
    wanted = choices(row.newsletter, topic_ids=(row.topic_ids[0],))
    preferences.change(session, row.id, wanted, circumstances=PAGE, now=now)
    assert row.topic_ids == [row.newsletter.topics[0].id]
    assert row.next_due_at == now - timedelta(seconds=20)


def test_saving_without_a_change_leaves_no_trace(session: Session, now: datetime) -> None:
    row = berliner(session)
    preferences.change(session, row.id, choices(row.newsletter), circumstances=PAGE, now=now)
    assert events(session) == []
    assert row.next_due_at == FRIDAY


def test_announcements_are_a_consent_of_their_own(session: Session, now: datetime) -> None:
    row = berliner(session)
    yes, no = choices(row.newsletter, announcements=True), choices(row.newsletter)
    preferences.change(session, row.id, yes, circumstances=PAGE, now=now)
    put(session, row, "blast", now=now)
    put(session, row, "digest", now=now)
    preferences.change(session, row.id, no, circumstances=PAGE, now=now)

    assert events(session) == [ConsentKind.ANNOUNCEMENTS_ON, ConsentKind.ANNOUNCEMENTS_OFF]
    assert session.scalars(select(ConsentEvent.wording)).first() == "Yes, please."
    assert outcomes(session) == {
        f"blast {row.id}": (MessageState.CANCELLED, "announcements_off"),
        f"digest {row.id}": (MessageState.PLANNED, ""),
    }


def test_a_pause_holds_until_the_day_it_names_and_ends_by_itself(session: Session, now: datetime) -> None:
    row = berliner(session)
    for kind in ("digest", "blast", "already_subscribed"):
        put(session, row, kind, now=now)
    preferences.pause(session, row.id, until=date(2026, 12, 24), circumstances=PAGE, now=now)

    assert row.next_due_at == datetime(2026, 12, 25, 6, tzinfo=UTC)
    assert reach.is_paused(row, now=datetime(2026, 12, 23, 22, 59, tzinfo=UTC))
    assert not reach.is_paused(row, now=datetime(2026, 12, 23, 23, 1, tzinfo=UTC))
    assert {key.split()[0]: state for key, (state, _) in outcomes(session).items()} == {
        "digest": MessageState.CANCELLED,
        "blast": MessageState.CANCELLED,
        "already_subscribed": MessageState.PLANNED,
    }


def test_a_change_during_a_pause_does_not_end_it(session: Session, now: datetime) -> None:
    row = berliner(session)
    preferences.pause(session, row.id, until=date(2026, 12, 24), circumstances=PAGE, now=now)
    wanted = choices(row.newsletter, rhythm=Rhythm.DAILY)
    preferences.change(session, row.id, wanted, circumstances=PAGE, now=now)
    assert row.next_due_at == datetime(2026, 12, 24, 6, tzinfo=UTC)


def test_a_pause_can_be_ended_early(session: Session, now: datetime) -> None:
    row = berliner(session)
    preferences.pause(session, row.id, until=date(2026, 12, 24), circumstances=PAGE, now=now)
    preferences.resume(session, row.id, circumstances=PAGE, now=now)
    assert (row.paused_until, row.next_due_at) == (None, FRIDAY)
    assert events(session) == [ConsentKind.PAUSED, ConsentKind.RESUMED]


@pytest.mark.parametrize("until", [date(2026, 11, 24), date(2020, 1, 1), date(2028, 1, 1), date.max])
def test_a_pause_needs_a_day_that_makes_sense(session: Session, now: datetime, until: date) -> None:
    row = berliner(session)
    with pytest.raises(InvalidInput) as refusal:
        preferences.pause(session, row.id, until=until, circumstances=PAGE, now=now)
    assert refusal.value.field == "until"
    assert row.paused_until is None


@pytest.mark.parametrize("state", [SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED])
def test_only_an_active_subscription_has_settings(
    session: Session, now: datetime, state: SubscriptionState
) -> None:
    row = berliner(session, state=state)
    with pytest.raises(Conflict):
        preferences.change(session, row.id, choices(row.newsletter), circumstances=PAGE, now=now)


def test_leaving_cancels_what_is_queued_for_that_list_only(session: Session, now: datetime) -> None:
    row = berliner(session)
    other = Subscription(
        subscriber=row.subscriber,
        newsletter=make_newsletter(session),
        state=SubscriptionState.ACTIVE,
        topic_ids=[],
        rhythm=Rhythm.DAILY,
        time_zone="UTC",
        created_at=now,
        requested_at=now,
    )
    session.add(other)
    session.flush()
    put(session, row, "digest", now=now)
    put(session, other, "digest", now=now)

    unsubscribe.unsubscribe(session, row.id, circumstances=PAGE, now=now, mailing_id=77)
    unsubscribe.unsubscribe(session, row.id, circumstances=PAGE, now=now + timedelta(days=1))

    assert (row.state, row.unsubscribed_at, row.next_due_at) == (SubscriptionState.UNSUBSCRIBED, now, None)
    assert other.state is SubscriptionState.ACTIVE
    assert outcomes(session) == {
        f"digest {row.id}": (MessageState.CANCELLED, "unsubscribed"),
        f"digest {other.id}": (MessageState.PLANNED, ""),
    }
    left = session.scalars(select(ConsentEvent)).one()
    assert (left.kind, left.details["mailing"]) == (ConsentKind.UNSUBSCRIBED, 77)


def test_never_again_reaches_every_list_and_stays(session: Session, now: datetime) -> None:
    row = berliner(session)
    put(session, row, "digest", now=now)
    for _ in range(2):
        known = unsubscribe.never_again(session, row.id, hash_address=HASH, circumstances=PAGE, now=now)
        assert known
    assert row.state is SubscriptionState.UNSUBSCRIBED
    address_hash = HASH(row.subscriber.email_key)
    assert suppression.find(session, [address_hash], list_id=5) == {address_hash: "never_again"}
    assert outcomes(session) == {f"digest {row.id}": (MessageState.CANCELLED, "suppressed")}
    assert events(session) == [ConsentKind.NEVER_AGAIN]


def test_unconfirmed_requests_are_deleted_after_seven_days(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    sign_up(session, newsletter, now=now)
    young = now + timedelta(days=7, seconds=-1)
    assert purging.purge_unconfirmed(session, now=young).unconfirmed == 0
    assert purging.purge_unconfirmed(session, now=now + timedelta(days=7)).unconfirmed == 1
    for table in (Subscription, ConsentEvent, Subscriber):
        assert session.scalars(select(table)).all() == []


def test_a_former_reader_keeps_the_proof_of_having_left(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    row = make_subscription(
        session, newsletter, email="ann@example.org", confirmed_at=now - timedelta(days=99)
    )
    unsubscribe.unsubscribe(session, row.id, circumstances=PAGE, now=now)
    sign_up(session, newsletter, now=now)
    assert the_subscription(session).state is SubscriptionState.PENDING

    purging.purge_unconfirmed(session, now=now + timedelta(days=8))
    session.expire_all()
    assert the_subscription(session).state is SubscriptionState.UNSUBSCRIBED
    assert events(session) == [ConsentKind.UNSUBSCRIBED, ConsentKind.REQUESTED]


def test_readers_and_young_attempts_stay(session: Session, now: datetime) -> None:
    make_subscription(session, make_newsletter(session), requested_at=now - timedelta(days=400))
    for age in (1, 31):
        session.add(
            SignupAttempt(
                at=now - timedelta(days=age), email_hash=b"x", network="n", newsletter_id=1, mailed=True
            )
        )
    session.flush()
    assert purging.purge_unconfirmed(session, now=now) == purging.Purged(unconfirmed=0, attempts=1)
    assert the_subscription(session).state is SubscriptionState.ACTIVE


def test_a_blast_goes_to_those_who_asked_for_announcements(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    science, energy = (topic.id for topic in newsletter.topics)
    wanted = make_subscription(session, newsletter, announcements=True, topic_ids=[science])
    back = make_subscription(session, newsletter, announcements=True, paused_until=date(2026, 11, 23))
    make_subscription(session, newsletter)
    make_subscription(session, newsletter, announcements=True, paused_until=date(2026, 12, 1))
    make_subscription(session, newsletter, announcements=True, state=SubscriptionState.PENDING)
    make_subscription(session, make_newsletter(session), announcements=True)

    everybody = session.execute(queries.active_audience(newsletter.id, topic_ids=[], now=now)).all()
    assert {row.id for row in everybody} == {wanted.id, back.id}
    some = session.execute(queries.active_audience(newsletter.id, topic_ids=[energy], now=now)).all()
    assert {row.id for row in some} == {back.id}
    assert queries.count_by_state(session, newsletter.id) == {
        SubscriptionState.PENDING: 1,
        SubscriptionState.ACTIVE: 4,
        SubscriptionState.UNSUBSCRIBED: 0,
    }
