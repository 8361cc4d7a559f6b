"""Every link that stands in a mail: what it does, what it never does, and who may use it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery import ledger, mailings, suppression
from service.delivery.ledger import NewMessage
from service.delivery.models import Message, MessageState
from service.dispatch import TaskName
from service.links import Links
from service.newsletters.models import Newsletter
from service.subscribers.models import ConsentEvent, Subscription, SubscriptionState
from service.tokens import Purpose
from tests.conftest import RecordingDispatcher
from tests.factories import make_newsletter, make_subscription
from tests.integration.web_readers.browsing import ANN, Reader, fresh, path_of


@pytest.fixture
def pending(session: Session, newsletter: Newsletter) -> Subscription:
    state = SubscriptionState.PENDING
    row = make_subscription(session, newsletter, email=ANN, state=state, confirmed_at=None)
    session.commit()
    return row


def confirmation(reader: Reader, subscription_id: int) -> str:
    links = reader.runtime.links
    return path_of(links.confirm(subscription_id=subscription_id, generation=1, at=datetime.now(UTC)))


LINKS: dict[str, Callable[[Links, Subscription], str]] = {
    "confirm": lambda links, row: links.confirm(
        subscription_id=row.id, generation=row.generation, at=datetime.now(UTC)
    ),
    "never": lambda links, row: links.never_again(subscription_id=row.id),
    "preferences": lambda links, row: links.preferences(subscription_id=row.id),
    "unsubscribe": lambda links, row: links.unsubscribe(subscription_id=row.id, mailing_id=7),
}


@pytest.mark.parametrize("state", list(SubscriptionState))
@pytest.mark.parametrize("link", LINKS)
def test_opening_a_link_changes_nothing_and_tells_nobody(
    session: Session, reader: Reader, newsletter: Newsletter, link: str, state: SubscriptionState
) -> None:
    row = make_subscription(session, newsletter, email=ANN, state=state)
    session.commit()
    path = path_of(LINKS[link](reader.runtime.links, row))
    before = {column.name: getattr(fresh(session), column.name) for column in Subscription.__table__.columns}
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = reader.client.open(path, method=method)
        assert answer.status_code < 500
        assert answer.status_code not in {301, 302, 303, 307, 308}
        assert ANN not in answer.text
        if method == "GET":
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"] == "noindex"
    after = {column.name: getattr(fresh(session), column.name) for column in Subscription.__table__.columns}
    assert after == before
    assert session.scalars(select(ConsentEvent)).all() == []
    assert session.scalars(select(Message)).all() == []


@pytest.mark.parametrize("route", ["c", "never", "p", "u", "r", "m", "address", "address/stop", "back"])
def test_forged_cut_and_foreign_tokens_are_refused_everywhere(
    session: Session, reader: Reader, active: Subscription, route: str
) -> None:
    links = reader.runtime.links
    real = {
        "c": links.confirm(subscription_id=active.id, generation=1, at=datetime.now(UTC)),
        "never": links.never_again(subscription_id=active.id),
        "p": links.preferences(subscription_id=active.id),
        "u": links.unsubscribe(subscription_id=active.id),
        "r": links.click(article_id=1, mailing_id=1, slot=1),
        "m": links.manage(
            subscription_id=active.id,
            mark=reader.runtime.hash_address.mark(ANN),
            at=datetime.now(UTC),
        ),
        "address": links.new_address(change_id=1, at=datetime.now(UTC)),
        "address/stop": links.old_address(change_id=1, at=datetime.now(UTC)),
        "back": "/" + reader.runtime.tokens.make(Purpose.RETURN, [active.id, 1], at=datetime.now(UTC)),
        "console/invitation": links.invitation(operator_id=1, generation=1, at=datetime.now(UTC)),
    }
    own = real.pop(route).rsplit("/", 1)[1]
    foreign = [url.rsplit("/", 1)[1] for url in real.values()]
    for token in [*foreign, own[:-2], own + "x", "x" + own, own.replace(".", "", 1), "a" * 3_000, "%00", "é"]:
        for method in ("GET", "POST"):
            answer = reader.client.open(f"/{route}/{token}", method=method)
            assert answer.status_code in {400, 404, 405}, f"{method} {route} {token[:20]}"
    assert fresh(session).state is SubscriptionState.ACTIVE


def test_pressing_confirm_begins_the_subscription_and_wakes_the_first_digest(
    session: Session, reader: Reader, pending: Subscription, dispatcher: RecordingDispatcher
) -> None:
    path = path_of(confirmation(reader, pending.id))
    answer = reader.post(path)
    assert answer.status_code == 200
    assert "You’re in" in answer.text
    assert "every Friday at 07:00" in answer.text
    assert fresh(session).state is SubscriptionState.ACTIVE
    assert dispatcher.woken == [TaskName.PLAN_FIRST_DIGESTS, TaskName.DELIVER_TRANSACTIONAL]
    # Once more, by an impatient finger or tomorrow.
    assert "You’re in" in reader.client.get(path).text


def test_confirming_over_https_needs_no_referrer(
    session: Session, reader: Reader, pending: Subscription
) -> None:
    path = path_of(confirmation(reader, pending.id))
    page = reader.client.get(path, base_url="https://localhost")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    reader.client.post(path, data={"csrf_token": token}, base_url="https://localhost")
    assert fresh(session).state is SubscriptionState.ACTIVE


def test_a_confirmation_without_the_button_is_refused(
    session: Session, reader: Reader, pending: Subscription
) -> None:
    path = path_of(confirmation(reader, pending.id))
    assert reader.client.post(path).status_code == 400
    assert fresh(session).state is SubscriptionState.PENDING


def test_an_expired_confirmation_offers_a_new_one_and_tells_nothing(
    session: Session, reader: Reader, pending: Subscription
) -> None:
    path = path_of(confirmation(reader, pending.id))
    unknown = path_of(confirmation(reader, 999_999))
    token = reader.token_on(path)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, minutes=1), tick=False):
        page = reader.client.get(path)
        assert page.status_code == 410
        assert "/n/courier" in page.text
        nonce = page.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
        other = reader.client.get(unknown)
        other_nonce = other.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
        assert page.text.replace(nonce, "") == other.text.replace(other_nonce, "")
        assert reader.client.post(path, data={"csrf_token": token}).status_code in {400, 410}
    assert fresh(session).state is SubscriptionState.PENDING


def test_an_old_confirmation_shows_that_the_reader_left(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    row = make_subscription(session, newsletter, state=SubscriptionState.UNSUBSCRIBED)
    session.commit()
    path = confirmation(reader, row.id)
    answer = reader.client.get(path)
    assert answer.status_code == 410
    assert "Sign up again" in answer.text
    token = reader.token_on("/n/courier")
    assert reader.client.post(path, data={"csrf_token": token}).status_code == 410
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED


def queue_digest(session: Session, row: Subscription) -> None:
    now = datetime.now(UTC)
    message = NewMessage(
        dedupe_key="digest",
        kind="digest",
        due_at=now,
        subscription_id=row.id,
        subscriber_id=row.subscriber_id,
    )
    ledger.put(session, mailings.transactional(session, now=now), [message], now=now)
    session.commit()


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_unsubscribes_without_cookie_token_or_redirect(
    session: Session, reader: Reader, active: Subscription, content_type: str
) -> None:
    queue_digest(session, active)
    path = path_of(reader.runtime.links.unsubscribe(subscription_id=active.id, mailing_id=7))
    robot = reader.client.application.test_client(use_cookies=False)
    for _ in range(2):
        answer = robot.post(path, data={"List-Unsubscribe": "One-Click"}, content_type=content_type)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    row = fresh(session)
    assert row.state is SubscriptionState.UNSUBSCRIBED
    message = session.scalars(select(Message)).one()
    assert (message.state, message.reason) == (MessageState.CANCELLED, "unsubscribed")
    event = session.scalars(select(ConsentEvent)).one()
    assert (event.channel, event.details["mailing"]) == ("one-click", 7)
    assert event.form_url == "http://localhost:8000/u/<token>"


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"List-Unsubscribe=", b"--x\r\nbroken"])
def test_an_odd_body_unsubscribes_all_the_same(
    session: Session, reader: Reader, active: Subscription, body: bytes
) -> None:
    path = path_of(reader.runtime.links.unsubscribe(subscription_id=active.id))
    answer = reader.client.post(path, data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED


def test_the_unsubscribe_button_shows_that_it_is_done(
    session: Session, reader: Reader, active: Subscription
) -> None:
    path = path_of(reader.runtime.links.unsubscribe(subscription_id=active.id))
    assert "Leave The Harbour Courier?" in reader.client.get(path).text
    assert "You have left The Harbour Courier" in reader.client.post(path).text
    assert session.scalars(select(ConsentEvent.channel)).all() == ["page"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_no_other_method_unsubscribes(
    session: Session, reader: Reader, active: Subscription, method: str
) -> None:
    path = path_of(reader.runtime.links.unsubscribe(subscription_id=active.id))
    assert reader.client.open(path, method=method).status_code == 405
    assert fresh(session).state is SubscriptionState.ACTIVE


def test_an_unsubscribe_link_outlives_years_keys_and_the_subscription(
    session: Session, reader: Reader, active: Subscription
) -> None:
    gone = path_of(reader.runtime.links.unsubscribe(subscription_id=999_999))
    assert reader.client.post(gone).status_code == 200
    path = path_of(reader.runtime.links.unsubscribe(subscription_id=active.id))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3_650)):
        assert reader.client.post(path).status_code == 200
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED


def test_unsubscribing_leaves_the_other_newsletters_alone(
    session: Session, reader: Reader, active: Subscription
) -> None:
    other = make_subscription(session, make_newsletter(session))
    session.commit()
    reader.client.post(path_of(reader.runtime.links.unsubscribe(subscription_id=active.id)))
    session.expire_all()
    assert (active.state, other.state) == (SubscriptionState.UNSUBSCRIBED, SubscriptionState.ACTIVE)


def test_never_again_needs_the_button_and_suppresses(
    session: Session, reader: Reader, pending: Subscription
) -> None:
    path = path_of(reader.runtime.links.never_again(subscription_id=pending.id))
    assert reader.client.post(path).status_code == 400
    assert "will not write to you again" in reader.post(path).text
    address_hash = reader.runtime.hash_address(ANN)
    assert suppression.find(session, [address_hash], list_id=None) == {address_hash: "never_again"}
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED


def test_never_again_for_a_deleted_address_says_so(reader: Reader, newsletter: Newsletter) -> None:
    path = path_of(reader.runtime.links.never_again(subscription_id=999_999))
    assert "have deleted this address" in reader.post(path).text
