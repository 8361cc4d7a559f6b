"""An erased person may come back by themselves, and nobody can bring them back (docs/adr/0035)."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import claims, suppression
from service.delivery.models import Mailing, MailingState, Message
from service.errors import Conflict, TooManyRequests
from service.ops import reader_acts
from service.subscribers import addresses, erasure, moving, opt_in, queries, reminding
from service.subscribers.models import AddressChange, ConsentEvent, Subscriber, SubscriptionState
from service.subscribers.standing import Standing
from tests.factories import make_newsletter, make_subscription
from tests.integration.subscribers.requests import ANN, HASH, PAGE, kinds, sign_up, the_subscription

BEA = "bea@example.net"


def erased(session: Session, *, now: datetime) -> None:
    suppression.suppress(session, HASH(ANN), reason="erased", now=now)


def reason(session: Session) -> str | None:
    return suppression.find(session, [HASH(ANN)], list_id=None).get(HASH(ANN))


def may_go(session: Session, *, now: datetime) -> bool:
    """Whether a worker would send the newest message."""
    message = session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
    key = (message.mailing_id, message.id)
    mailing = session.get_one(Mailing, message.mailing_id)
    assert mailing.state is MailingState.SENDING
    refused = suppression.of_messages(session, {key: HASH(ANN)})
    taken = claims.begin(session, {key: HASH(ANN)}, owner="one", seconds=60, now=now)
    assert bool(taken) is not bool(refused)
    return bool(taken)


def test_a_new_confirmation_by_an_erased_person_takes_them_off_the_list(
    session: Session, now: datetime
) -> None:
    erased(session, now=now)
    sign_up(session, make_newsletter(session), now=now)
    assert kinds(session) == ["confirm"]
    assert may_go(session, now=now)
    # Anybody can fill in a form.
    assert reason(session) == "erased"

    row = the_subscription(session)
    answer = opt_in.confirm(session, row.id, 1, hash_address=HASH, circumstances=PAGE, now=now)
    assert answer is Standing.CONFIRMED
    assert reason(session) is None
    event = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id.desc()).limit(1)).one()
    assert event.details["back"] is True


def test_an_erased_person_who_signed_up_is_reminded_like_anybody(session: Session, now: datetime) -> None:
    erased(session, now=now)
    sign_up(session, make_newsletter(session), now=now)
    later = now + timedelta(days=1)
    assert reminding.remind(session, hash_address=HASH, now=later) == 1
    assert may_go(session, now=later)


def test_no_other_mail_reaches_an_erased_address(session: Session, now: datetime) -> None:
    row = make_subscription(session, make_newsletter(session), email=ANN)
    erased(session, now=now)
    sign_up(session, row.newsletter, now=now)
    assert kinds(session) == ["already_subscribed"]
    assert not may_go(session, now=now)


@pytest.mark.parametrize("why", ["complaint", "hard_bounce", "never_again"])
def test_who_refuses_the_mail_that_asks_is_not_asked_again(session: Session, now: datetime, why: str) -> None:
    erased(session, now=now)
    assert suppression.suppress(session, HASH(ANN), reason=why, now=now)
    sign_up(session, make_newsletter(session), now=now)
    assert (kinds(session), reason(session)) == ([], why)


def test_a_complaint_about_one_newsletter_holds_also_for_an_erased_person(
    session: Session, now: datetime
) -> None:
    newsletter = make_newsletter(session)
    erased(session, now=now)
    suppression.suppress(session, HASH(ANN), list_id=newsletter.id, reason="complaint", now=now)
    sign_up(session, newsletter, now=now)
    assert kinds(session) == []


def test_an_operator_cannot_lift_what_an_erasure_left(session: Session, now: datetime) -> None:
    erased(session, now=now)
    number = session.scalar(text("SELECT id FROM suppressions"))
    with pytest.raises(Conflict, match="signing up and confirming"):
        reader_acts.lift(session, number, reason="please", actor="operator 1", now=now)


def waiting(sessions: Sessions, count: int) -> None:
    """Return when so many transactions wait for a lock."""
    blocked = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    for _ in range(500):
        with sessions() as session:
            if session.scalar(blocked) >= count:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_erasing_and_moving_at_once_do_not_wait_for_each_other_for_ever(
    committing: Sessions, now: datetime
) -> None:
    with transaction(committing) as session:
        row = make_subscription(session, make_newsletter(session), email=ANN)
        change = moving.request(session, row, addresses.parse(BEA), now=now)
        change_id, subscriber_id = change.id, row.subscriber_id

    def confirm() -> bool:
        with transaction(committing) as session:
            return moving.confirm(session, change_id, circumstances=PAGE, now=now)

    def erase() -> bool:
        with transaction(committing) as session:
            return erasure.erase(session, subscriber_id, hash_address=HASH, now=now)

    with ThreadPoolExecutor(2) as pool:
        asked: list[Future[bool]] = []
        with transaction(committing) as session:
            session.get_one(AddressChange, change_id, with_for_update=True)
            for call in (confirm, erase):
                asked.append(pool.submit(call))
                waiting(committing, len(asked))
        # Neither was chosen by the database to give way.
        assert [each.result(timeout=10) for each in asked] == [True, True]
    with committing() as session:
        assert session.scalars(select(Subscriber)).all() == []
        assert set(session.scalars(text("SELECT reason FROM suppressions"))) == {"erased"}


def test_two_readers_who_name_one_new_address_at_once_cause_one_mail_to_it(
    committing: Sessions, now: datetime
) -> None:
    with transaction(committing) as session:
        newsletter = make_newsletter(session)
        ids = [make_subscription(session, newsletter).id for _ in range(2)]

    def ask(session: Session, subscription_id: int) -> bool:
        row = queries.find(session, subscription_id)
        assert row is not None
        try:
            moving.request(session, row, addresses.parse(BEA), now=now)
        except TooManyRequests:
            return False
        return True

    def ask_too() -> bool:
        with transaction(committing) as session:
            return ask(session, ids[1])

    with ThreadPoolExecutor(1) as pool:
        with transaction(committing) as session:
            assert ask(session, ids[0])
            other = pool.submit(ask_too)
            waiting(committing, 1)
        assert other.result(timeout=10) is False
    with committing() as session:
        sent = session.scalars(select(Message.kind).where(Message.kind == "new_address")).all()
        assert len(sent) == 1


def test_a_purged_request_of_an_erased_person_leaves_them_on_the_list(
    session: Session, now: datetime
) -> None:
    erased(session, now=now)
    sign_up(session, make_newsletter(session), now=now)
    row = the_subscription(session)
    assert row.state is SubscriptionState.PENDING
    erasure.erase(session, row.subscriber_id, hash_address=HASH, now=now)
    assert reason(session) == "erased"
