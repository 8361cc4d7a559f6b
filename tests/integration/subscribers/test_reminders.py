"""Who does not confirm is reminded once, a day later, and forgotten after a week."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery import suppression
from service.delivery.models import Message
from service.delivery.ports import Ready, Skip
from service.links import Links
from service.ops import retention
from service.prepare.port import Preparer
from service.subscribers import caps, opt_in, purging, reminding, unsubscribe
from service.subscribers.models import Subscription, SubscriptionState
from service.tokens import Purpose, Tokens
from tests.factories import make_newsletter
from tests.integration.subscribers.requests import ANN, HASH, PAGE, kinds, sign_up, the_subscription
from tests.mails import content_of

DAY = timedelta(days=1)


def remind(session: Session, now: datetime) -> int:
    return reminding.remind(session, hash_address=HASH, now=now)


def test_a_reminder_comes_once_and_not_before_a_day_has_passed(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    assert remind(session, now + DAY - timedelta(seconds=1)) == 0
    assert [remind(session, now + DAY + timedelta(hours=n)) for n in range(60)] == [1] + [0] * 59
    assert kinds(session) == ["confirm", "reminder"]


def test_housekeeping_writes_the_reminders(sessions: Sessions, session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    session.commit()
    for _ in range(2):
        retention.maintain(sessions, ledger_days=396, hash_address=HASH, now=now + DAY)
    assert kinds(session) == ["confirm", "reminder"]


def test_who_confirmed_is_not_reminded(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    opt_in.confirm(session, the_subscription(session).id, 1, hash_address=HASH, circumstances=PAGE, now=now)
    assert remind(session, now + DAY) == 0


def test_who_left_meanwhile_is_not_reminded(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    unsubscribe.unsubscribe(session, the_subscription(session).id, circumstances=PAGE, now=now)
    assert remind(session, now + DAY) == 0


def test_a_suppressed_address_is_not_reminded(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    suppression.suppress(session, HASH(ANN), reason="complaint", now=now)
    assert remind(session, now + DAY) == 0
    assert kinds(session) == ["confirm"]


def test_reminders_count_for_the_cap_of_the_month(session: Session, now: datetime) -> None:
    for _ in range(3):
        sign_up(session, make_newsletter(session), now=now)
    assert remind(session, now + DAY) == 0
    assert kinds(session) == ["confirm"] * caps.PER_MONTH


def test_a_reminder_leaves_room_for_one_more_mail_in_a_month(session: Session, now: datetime) -> None:
    sign_up(session, make_newsletter(session), now=now)
    assert remind(session, now + DAY) == 1
    for _ in range(3):
        sign_up(session, make_newsletter(session), now=now + DAY)
    assert kinds(session) == ["confirm", "reminder", "confirm"]


def test_a_second_request_brings_no_second_reminder(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    sign_up(session, newsletter, now=now)
    remind(session, now + DAY)
    sign_up(session, newsletter, now=now + 2 * DAY)
    assert remind(session, now + 4 * DAY) == 0
    assert kinds(session) == ["confirm", "reminder", "confirm"]


def test_after_a_long_standstill_nobody_is_reminded_of_a_link_that_ends(
    session: Session, now: datetime
) -> None:
    sign_up(session, make_newsletter(session), now=now)
    assert remind(session, now + 6 * DAY) == 0


def test_a_closed_newsletter_reminds_nobody(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    sign_up(session, newsletter, now=now)
    newsletter.closed_at = now
    session.flush()
    assert remind(session, now + DAY) == 0


def test_the_link_in_the_reminder_ends_with_the_request(
    sessions: Sessions, session: Session, now: datetime
) -> None:
    sign_up(session, make_newsletter(session), now=now)
    remind(session, now + DAY)
    session.commit()
    tokens = Tokens(("a key that is only ever used in tests",))
    preparer = Preparer(sessions, links=Links("https://news.example", tokens), hash_address=HASH)
    message = session.scalars(select(Message).where(Message.kind == "reminder")).one()

    (answer,) = preparer([message])
    assert isinstance(answer, Ready)
    text = content_of(answer.mail).text
    assert "1 December" in text
    token = text.split("https://news.example/c/")[1].split()[0]
    row = the_subscription(session)
    assert tokens.read(Purpose.CONFIRM, token, now=now + 7 * DAY) == [row.id, 1]
    purging.purge_unconfirmed(session, now=now + 7 * DAY)
    assert session.scalars(select(Subscription)).all() == []


@pytest.mark.parametrize("state", [SubscriptionState.ACTIVE, SubscriptionState.UNSUBSCRIBED])
def test_a_reminder_that_is_no_longer_true_is_not_sent(
    sessions: Sessions, session: Session, now: datetime, state: SubscriptionState
) -> None:
    sign_up(session, make_newsletter(session), now=now)
    remind(session, now + DAY)
    the_subscription(session).state = state
    session.commit()
    tokens = Tokens(("a key that is only ever used in tests",))
    preparer = Preparer(sessions, links=Links("https://news.example", tokens), hash_address=HASH)
    message = session.scalars(select(Message).where(Message.kind == "reminder")).one()
    (answer,) = preparer([message])
    assert isinstance(answer, Skip)
