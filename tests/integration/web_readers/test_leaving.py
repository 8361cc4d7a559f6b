"""Leaving from a mail: one press, less instead, the way back, and a reason if one likes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery.models import Mailing, MailingState, Stream
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import returning
from service.subscribers.models import (
    ConsentEvent,
    ConsentKind,
    LeavingReason,
    Subscription,
    SubscriptionState,
)
from tests.factories import NOW, make_newsletter
from tests.integration.web_readers.browsing import ANN, Reader, field_of, fresh, path_of


@pytest.fixture
def path(reader: Reader, active: Subscription) -> str:
    return path_of(reader.runtime.links.unsubscribe(subscription_id=active.id, mailing_id=7))


@pytest.fixture
def other(session: Session, active: Subscription) -> Subscription:
    row = Subscription(
        subscriber=active.subscriber,
        newsletter=make_newsletter(session, name="The Evening Tide"),
        state=SubscriptionState.ACTIVE,
        topic_ids=[],
        rhythm=Rhythm.DAILY,
        time_zone="UTC",
        created_at=NOW,
        requested_at=NOW,
        confirmed_at=NOW,
        announcements=True,
    )
    session.add(row)
    session.commit()
    return row


def states(session: Session) -> list[SubscriptionState]:
    session.expire_all()
    return list(session.scalars(select(Subscription.state).order_by(Subscription.id)))


def way_back(page: str) -> str:
    found = re.search(r'action="(/back/[^"/]+)"', page)
    assert found, "the page offers no way back"
    return found[1]


def come_back(reader: Reader, page: str) -> int:
    return reader.client.post(way_back(page), data={"csrf_token": field_of(page, "csrf_token")}).status_code


def kinds(session: Session) -> list[ConsentKind]:
    return list(session.scalars(select(ConsentEvent.kind).order_by(ConsentEvent.id)))


def test_the_page_says_nothing_of_what_the_reader_chose(reader: Reader, path: str) -> None:
    page = reader.client.get(path).text
    assert ANN not in page
    assert "a…n" not in page
    assert "/p/" not in page, "whoever has this link cannot get to the settings with it"
    assert page.index(">Unsubscribe<") < page.index("Or would less be enough?")


def test_leaving_is_taken_back_with_one_press(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    active.announcements = True
    active.paused_until = (datetime.now(UTC) + timedelta(days=20)).date()
    until = active.paused_until
    session.commit()

    page = reader.client.post(path).text
    row = fresh(session)
    assert (row.state, row.announcements, row.next_due_at) == (SubscriptionState.UNSUBSCRIBED, False, None)
    assert come_back(reader, page) == 200

    row = fresh(session)
    assert (row.state, row.announcements, row.paused_until) == (SubscriptionState.ACTIVE, True, until)
    assert row.unsubscribed_at is None
    assert row.next_due_at is not None
    assert kinds(session) == [ConsentKind.UNSUBSCRIBED, ConsentKind.RETURNED]
    assert come_back(reader, page) == 200, "an impatient second press"
    assert kinds(session) == [ConsentKind.UNSUBSCRIBED, ConsentKind.RETURNED]


def test_an_old_way_back_does_not_undo_a_later_goodbye(session: Session, reader: Reader, path: str) -> None:
    first = reader.client.post(path).text
    come_back(reader, first)
    reader.client.post(path)

    answer = reader.client.post(way_back(first), data={"csrf_token": field_of(first, "csrf_token")})
    assert answer.status_code == 409
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED


def test_the_way_back_ends_after_a_day(session: Session, reader: Reader, path: str) -> None:
    page = reader.client.post(path).text
    row = fresh(session)
    assert row.unsubscribed_at is not None
    assert returning.left_at(session, row, now=row.unsubscribed_at + timedelta(hours=23)) is not None
    assert returning.left_at(session, row, now=row.unsubscribed_at + timedelta(hours=25)) is None
    row.unsubscribed_at -= timedelta(hours=25)
    session.commit()

    assert come_back(reader, page) == 409
    assert "/back/" not in reader.client.get(path).text


def test_nobody_comes_back_who_asked_never_to_be_mailed(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    never = path_of(reader.runtime.links.never_again(subscription_id=active.id))
    reader.post(never)
    assert "/back/" not in reader.client.get(path).text


def test_a_way_back_that_is_open_ends_when_its_reader_asks_never_to_be_mailed(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    page = reader.client.post(path).text
    never = path_of(reader.runtime.links.never_again(subscription_id=active.id))
    reader.post(never)
    reader.post(never)

    assert come_back(reader, page) == 409
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED
    assert "/back/" not in reader.client.get(path).text
    assert kinds(session) == [ConsentKind.UNSUBSCRIBED, ConsentKind.NEVER_AGAIN]


def test_several_newsletters_are_left_one_or_all(
    session: Session, reader: Reader, other: Subscription, path: str
) -> None:
    assert "Unsubscribe from all 2 newsletters" in reader.client.get(path).text
    one = reader.client.post(path).text
    assert states(session) == [SubscriptionState.UNSUBSCRIBED, SubscriptionState.ACTIVE]
    come_back(reader, one)

    page = reader.client.post(path, data={"all": "y"}).text
    assert states(session) == [SubscriptionState.UNSUBSCRIBED] * 2
    assert come_back(reader, page) == 200
    assert states(session) == [SubscriptionState.ACTIVE] * 2
    session.refresh(other)
    assert other.announcements


def test_one_click_leaves_one_list_whatever_else_its_body_says(
    session: Session, reader: Reader, other: Subscription, path: str
) -> None:
    reader.client.post(path, data={"List-Unsubscribe": "One-Click", "all": "y"})
    assert states(session) == [SubscriptionState.UNSUBSCRIBED, SubscriptionState.ACTIVE]


@pytest.mark.parametrize(
    ("do", "becomes"),
    [
        ("monthly", {"rhythm": Rhythm.MONTHLY}),
        ("top", {"max_items": 3, "rhythm": Rhythm.WEEKLY}),
        ("announcements", {"announcements": False}),
        ("pause", {}),
    ],
)
def test_less_is_one_press_and_taken_back_with_one(
    session: Session, reader: Reader, active: Subscription, path: str, do: str, becomes: dict[str, object]
) -> None:
    active.rhythm, active.announcements = Rhythm.DAILY, True
    session.commit()
    page = reader.post(f"{path}/instead", {"do": do}, page=path).text

    row = fresh(session)
    assert row.state is SubscriptionState.ACTIVE
    for name, value in becomes.items():
        assert getattr(row, name) == value
    assert (row.paused_until is not None) is (do == "pause")

    form = {"undo": field_of(page, "undo"), "csrf_token": field_of(page, "csrf_token")}
    assert "Taken back." in reader.client.post(f"{path}/undo", data=form).text
    row = fresh(session)
    assert (row.rhythm, row.announcements, row.max_items, row.paused_until) == (
        Rhythm.DAILY,
        True,
        None,
        None,
    )


def test_fewer_topics_are_chosen_on_the_spot(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    keep = active.newsletter.topics[1]
    assert "checked" not in reader.client.get(path).text, "what is chosen now is not told"
    reader.post(f"{path}/instead", {"do": "topics", "topics": [str(keep.id)]}, page=path)
    assert fresh(session).topic_ids == [keep.id]
    assert reader.post(f"{path}/instead", {"do": "topics"}, page=path).status_code == 422


def test_a_mail_of_announcements_offers_to_leave_only_those(
    session: Session, reader: Reader, active: Subscription
) -> None:
    active.announcements = True
    mailing = Mailing(
        stream=Stream.BLAST,
        cause="blast 1",
        title="Open evening",
        list_id=active.newsletter_id,
        state=MailingState.SENDING,
        created_at=NOW,
    )
    session.add(mailing)
    session.commit()
    links = reader.runtime.links
    of_blast = path_of(links.unsubscribe(subscription_id=active.id, mailing_id=mailing.id))
    of_digest = path_of(links.unsubscribe(subscription_id=active.id))
    assert "No more announcements" in reader.client.get(of_blast).text
    assert "No more announcements" not in reader.client.get(of_digest).text


def test_a_reason_is_counted_once_and_only_of_those_who_left(
    session: Session, reader: Reader, newsletter: Newsletter, path: str
) -> None:
    page = reader.client.post(path).text
    token, back = field_of(page, "csrf_token"), way_back(page)

    def say(reason: str) -> str:
        answer = reader.client.post(f"{back}/why", data={"reason": reason, "csrf_token": token})
        return reader.client.get(answer.location).text

    assert "Thank you for telling us." in say("too_many")
    say("elsewhere")
    say("nonsense")
    counted = returning.count_reasons(session, newsletter.id)
    assert {reason: n for reason, n in counted.items() if n} == {LeavingReason.ELSEWHERE: 1}

    come_back(reader, page)
    say("too_many")
    session.expire_all()
    assert sum(returning.count_reasons(session, newsletter.id).values()) == 0
