from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import suppression
from service.delivery.models import Message, MessageState
from service.errors import InvalidInput, NotFound, TooManyRequests
from service.newsletters.models import Newsletter
from service.subscribers import opt_in, unsubscribe
from service.subscribers.caps import CapReached
from service.subscribers.consent import Circumstances
from service.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from service.subscribers.signup_models import Held, SignupAttempt
from service.subscribers.standing import Standing
from tests.factories import make_newsletter, make_subscription
from tests.integration.subscribers.requests import ANN, HASH, PAGE, kinds, sign_up, the_subscription

MAIL = Circumstances(channel="confirmation", ip="2001:db8::1", user_agent="Safari")


def confirm(session: Session, subscription: Subscription, *, generation: int, now: datetime) -> Standing:
    return opt_in.confirm(
        session, subscription.id, generation, hash_address=HASH, circumstances=MAIL, now=now
    )


def test_a_request_waits_for_its_confirmation_and_asks_for_it_once(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now, announcements=True)

    subscription = the_subscription(session)
    assert subscription.state is SubscriptionState.PENDING
    assert subscription.next_due_at is None
    message = session.scalars(select(Message)).one()
    assert (message.kind, message.state) == ("confirm", MessageState.PLANNED)
    assert message.details == {"generation": 1}
    assert message.subscription_id == subscription.id


def test_the_log_keeps_the_words_the_page_and_the_choices(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    sign_up(session, newsletter, now=now)
    confirm(session, the_subscription(session), generation=1, now=now + timedelta(minutes=5))

    requested, confirmed = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id))
    assert (requested.kind, requested.wording, requested.form_url) == (
        ConsentKind.REQUESTED,
        "Yes, please.",
        "https://news.example/n/courier",
    )
    assert (str(requested.ip), requested.user_agent, requested.locale) == ("192.0.2.7", "Firefox", "en")
    assert requested.details["topics"] == [topic.id for topic in newsletter.topics]
    assert confirmed.kind is ConsentKind.CONFIRMED
    assert confirmed.at == now + timedelta(minutes=5)
    assert confirmed.details["generation"] == 1


def test_the_log_cannot_be_rewritten(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("UPDATE consent_events SET wording = 'other'"))


def test_confirming_begins_the_subscription(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    assert confirm(session, the_subscription(session), generation=1, now=now) is Standing.CONFIRMED

    subscription = the_subscription(session)
    assert subscription.state is SubscriptionState.ACTIVE
    assert subscription.first_digest_pending
    assert subscription.confirmed_at == now
    # Friday, seven o'clock in Berlin.
    assert subscription.next_due_at == datetime(2026, 11, 27, 6, tzinfo=UTC)


def test_confirming_twice_changes_nothing(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    subscription = the_subscription(session)
    confirm(session, subscription, generation=1, now=now)
    again = confirm(session, subscription, generation=1, now=now + timedelta(days=3))

    assert again is Standing.CONFIRMED
    assert subscription.confirmed_at == now
    assert session.scalar(select(func.count()).select_from(ConsentEvent)) == 2


def test_an_old_link_does_not_bring_back_who_left(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    subscription = the_subscription(session)
    confirm(session, subscription, generation=1, now=now)
    unsubscribe.unsubscribe(session, subscription.id, circumstances=MAIL, now=now)

    assert confirm(session, subscription, generation=1, now=now) is Standing.LEFT
    assert subscription.state is SubscriptionState.UNSUBSCRIBED


def test_who_left_can_come_back_at_once_but_only_with_the_new_link(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    sign_up(session, newsletter, now=now)
    subscription = the_subscription(session)
    confirm(session, subscription, generation=1, now=now + timedelta(minutes=1))
    unsubscribe.unsubscribe(session, subscription.id, circumstances=MAIL, now=now + timedelta(minutes=2))
    sign_up(session, newsletter, now=now + timedelta(minutes=3))

    assert kinds(session) == ["confirm", "confirm"]
    assert confirm(session, subscription, generation=1, now=now) is Standing.SUPERSEDED
    assert subscription.state is SubscriptionState.PENDING
    assert confirm(session, subscription, generation=2, now=now) is Standing.CONFIRMED


def test_a_confirmed_reader_is_told_where_the_settings_are(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    known = make_subscription(session, newsletter, email=ANN, confirmed_at=now - timedelta(days=90))
    before = list(known.topic_ids)
    sign_up(session, newsletter, now=now, topic_ids=(newsletter.topics[0].id,))

    assert kinds(session) == ["already_subscribed"]
    # A stranger who types the address must not change anything.
    assert known.topic_ids == before
    assert known.state is SubscriptionState.ACTIVE


def test_twenty_requests_for_one_victim_make_one_mail(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    for second in range(20):
        sign_up(session, newsletter, now=now + timedelta(seconds=second), email=ANN.upper())
    assert kinds(session) == ["confirm"]
    assert session.scalar(select(func.count()).select_from(SignupAttempt)) == 20


def test_an_inbox_is_one_victim_however_its_address_is_spelled(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    for n in range(20):
        sign_up(session, newsletter, now=now + timedelta(seconds=n), email=f"ann+{n}@example.org")
    sign_up(session, newsletter, now=now + timedelta(minutes=1), email="Ann@example.org")
    sign_up(session, newsletter, now=now + timedelta(minutes=1), email="anna@example.org")
    assert kinds(session) == ["confirm"] * 2


def test_a_month_brings_a_victim_three_mails_over_all_newsletters(session: Session, now: datetime) -> None:
    newsletters = [make_newsletter(session), make_newsletter(session)]
    for day in range(29):
        for newsletter in newsletters:
            sign_up(session, newsletter, now=now + timedelta(days=day))
    assert kinds(session) == ["confirm"] * 3
    sign_up(session, newsletters[0], now=now + timedelta(days=32))
    assert kinds(session) == ["confirm"] * 4


def test_a_capped_second_request_corrects_the_choices_of_the_first(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    sign_up(session, newsletter, now=now)
    sign_up(session, newsletter, now=now + timedelta(minutes=1), topic_ids=(newsletter.topics[1].id,))

    subscription = the_subscription(session)
    assert subscription.topic_ids == [newsletter.topics[1].id]
    # The link in the inbox still works.
    assert confirm(session, subscription, generation=1, now=now) is Standing.CONFIRMED


@pytest.mark.parametrize("reason", ["never_again", "hard_bounce", "complaint", "operator"])
def test_a_suppressed_address_is_not_mailed_and_not_kept(
    session: Session, now: datetime, reason: str
) -> None:
    newsletter = make_newsletter(session)
    suppression.suppress(session, HASH(ANN), reason=reason, now=now)
    sign_up(session, newsletter, now=now)

    assert kinds(session) == []
    assert session.scalars(select(Subscriber)).all() == []
    assert suppression.find(session, [HASH(ANN)], list_id=newsletter.id) == {HASH(ANN): reason}


@pytest.mark.parametrize("email", ["postmaster@example.org", "NoReply@example.org", "news@courier.example"])
def test_roles_and_our_own_addresses_are_not_mailed(session: Session, now: datetime, email: str) -> None:
    sign_up(session, make_newsletter(session), now=now, email=email)
    assert kinds(session) == []


def test_a_choice_that_is_not_offered_is_refused(session: Session, now: datetime) -> None:
    newsletter, other = make_newsletter(session), make_newsletter(session)
    with pytest.raises(InvalidInput, match="no longer offered"):
        sign_up(session, newsletter, now=now, topic_ids=(other.topics[0].id,))
    with pytest.raises(InvalidInput, match="time zone"):
        sign_up(session, newsletter, now=now, time_zone="Mars/Olympus")


def test_a_closed_newsletter_takes_nobody(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session, closed_at=now)
    with pytest.raises(NotFound):
        sign_up(session, newsletter, now=now)


def test_what_a_proxy_garbles_does_not_stop_a_sign_up(session: Session, now: datetime) -> None:
    garbled = Circumstances(channel="form", ip="unix:", user_agent="x" * 5_000)
    sign_up(session, make_newsletter(session), now=now, circumstances=garbled)
    event = session.scalars(select(ConsentEvent)).one()
    assert event.ip is None
    assert len(event.user_agent or "") == 300


def test_a_thousand_victims_from_one_network_stay_under_its_cap(session: Session, now: datetime) -> None:
    from_one = [Circumstances(channel="form", ip=f"2001:db8::{n:x}") for n in range(1, 1_000)]
    newsletter = make_newsletter(session)
    session.execute(
        text(
            "INSERT INTO signup_attempts (at, email_hash, network, newsletter_id, mailed) "
            "SELECT :at, sha256(n::text::bytea), '2001:db8::/48', :id, true FROM generate_series(1, 59) n"
        ),
        {"at": now, "id": newsletter.id},
    )
    sign_up(session, newsletter, now=now, email="last@example.org", circumstances=from_one[0])
    with pytest.raises(TooManyRequests) as refusal:
        sign_up(session, newsletter, now=now, email="next@example.org", circumstances=from_one[1])
    assert refusal.value.retry_after == 3600
    # Others are not held up by it, and an hour later that network is not either.
    sign_up(session, newsletter, now=now, email="other@example.org", circumstances=PAGE)
    later = now + timedelta(hours=1, seconds=1)
    sign_up(session, newsletter, now=later, email="next@example.org", circumstances=from_one[1])
    assert kinds(session) == ["confirm"] * 3


def test_each_attempt_says_what_held_it_back(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    suppression.suppress(session, HASH("gone@example.org"), reason="complaint", now=now)
    for email in (ANN, ANN, "gone@example.org", "postmaster@example.org"):
        sign_up(session, newsletter, now=now, email=email)
    held = session.scalars(select(SignupAttempt.held_by).order_by(SignupAttempt.id)).all()
    assert held == [None, Held.ADDRESS, Held.SUPPRESSED, Held.ROLE]


def test_a_flood_from_many_networks_ends_at_the_newsletters_cap(session: Session, now: datetime) -> None:
    newsletter, other = make_newsletter(session, signups_per_minute=3), make_newsletter(session)
    refusals = []
    for n in range(8):
        bot = Circumstances(channel="form", ip=f"198.51.{n}.1")
        try:
            sign_up(session, newsletter, now=now, email=f"victim{n}@example.org", circumstances=bot)
        except CapReached as reached:
            refusals.append((reached.held_by, reached.retry_after))
    assert refusals == [(Held.NEWSLETTER, 60)] * 5
    # Other newsletters go on, and this one a minute later.
    sign_up(session, other, now=now, email="reader@example.org")
    sign_up(session, newsletter, now=now + timedelta(seconds=61), email="reader@example.org")
    assert kinds(session) == ["confirm"] * 5


def test_bombers_who_come_at_once_get_no_further_than_one_by_one(
    committing: Sessions, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr("service.subscribers.caps.PER_NETWORK_HOUR", 5)
    with transaction(committing) as session:
        newsletter = make_newsletter(session)
        newsletter_id = newsletter.id

    def press(n: int) -> bool:
        # Half of them one victim from everywhere, half of them many victims from one network.
        ip, email = (f"198.51.{n}.1", ANN) if n % 2 else ("203.0.113.9", f"victim{n}@example.org")
        try:
            with transaction(committing) as session:
                circumstances = Circumstances(channel="form", ip=ip)
                found = session.get_one(Newsletter, newsletter_id)
                sign_up(session, found, now=now, email=email, circumstances=circumstances)
        except CapReached:
            return False
        return True

    with ThreadPoolExecutor(8) as bombers:
        let_in = list(bombers.map(press, range(60)))
    assert sum(let_in[0::2]) == 5
    with committing() as session:
        assert kinds(session) == ["confirm"] * 6
