"""Behind the manage link: export, erasure, and a change of address confirmed at both ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.delivery.models import Message, Suppression
from service.delivery.ports import Ready
from service.migrations import schema
from service.newsletters.models import Rhythm
from service.prepare.port import Preparer
from service.subscribers import moving
from service.subscribers.models import (
    AddressChange,
    ConsentEvent,
    ConsentKind,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from tests.factories import NOW, make_newsletter, make_subscription
from tests.integration.web_readers.browsing import ANN, Reader, fresh, path_of
from tests.mails import content_of

BEA = "bea@example.net"


@pytest.fixture
def path(reader: Reader, active: Subscription) -> str:
    return path_of(reader.runtime.links.preferences(subscription_id=active.id))


def mails(reader: Reader, session: Session) -> Iterator[tuple[str, str, str]]:
    """(kind, recipient, text) of everything that waits to be sent, oldest first."""
    messages = session.scalars(select(Message).order_by(Message.id)).all()
    runtime = reader.runtime
    prepare = Preparer(runtime.sessions, links=runtime.links, hash_address=runtime.hash_address)
    for answer in prepare(messages):
        if isinstance(answer, Ready):
            yield answer.message.kind, answer.mail.to_address, content_of(answer.mail).text


def link_in(mail: str, route: str) -> str:
    found = [line for line in mail.splitlines() if f"/{route}/" in line]
    assert found, f"the mail has no /{route}/ link"
    return path_of(found[0])


def manage(reader: Reader, session: Session, path: str) -> str:
    """Ask for the link on the preference page, and open it from the inbox."""
    answer = reader.post(f"{path}/manage", page=path)
    assert "We have mailed you a link." in reader.client.get(answer.location).text
    [(kind, to, mail)] = mails(reader, session)
    assert (kind, to) == ("manage", ANN)
    return link_in(mail, "m")


def test_the_data_are_behind_a_link_that_only_the_inbox_gets(
    session: Session, reader: Reader, path: str
) -> None:
    assert ANN not in reader.client.get(path).text
    page = reader.client.get(manage(reader, session, path))
    assert ANN in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_link_is_mailed_once_in_a_minute_and_five_times_in_a_day(
    session: Session, reader: Reader, path: str
) -> None:
    for _ in range(3):
        assert reader.post(f"{path}/manage", page=path).status_code == 303
    assert len(session.scalars(select(Message)).all()) == 1
    for _ in range(5):
        session.execute(text("UPDATE messages SET created_at = created_at - interval '2 minutes'"))
        session.commit()
        answer = reader.post(f"{path}/manage", page=path)
    assert answer.status_code == 429
    assert len(session.scalars(select(Message)).all()) == 5


def test_the_link_ends_after_half_an_hour_and_with_the_address(
    session: Session, reader: Reader, active: Subscription
) -> None:
    links, mark = reader.runtime.links, reader.runtime.hash_address.mark(ANN)
    late = datetime.now(UTC) - timedelta(minutes=31)
    old = path_of(links.manage(subscription_id=active.id, mark=mark, at=late))
    assert reader.client.get(old).status_code == 410
    good = path_of(links.manage(subscription_id=active.id, mark=mark, at=datetime.now(UTC)))
    assert reader.client.get(good).status_code == 200
    active.subscriber.email_key = BEA
    session.commit()
    assert reader.client.get(good).status_code == 404


def test_everything_that_is_known_can_be_taken_along(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    reader.post(path, {"part": "announcements", "announcements": "y"})
    link = manage(reader, session, path)
    answer = reader.post(f"{link}/export", page=link)

    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    known = answer.json
    assert known is not None
    assert known["address"] == ANN
    [subscription] = known["subscriptions"]
    assert (subscription["newsletter"], subscription["topics"]) == (
        "The Harbour Courier",
        ["Science", "Energy"],
    )
    [agreed] = known["consent"]
    assert (agreed["what"], agreed["channel"]) == ("announcements_on", "preferences")
    assert "announcement" in agreed["words"]
    assert [mail["kind"] for mail in known["mails"]] == ["manage"]
    assert (known["clicks"], known["suppressions"]) == ([], [])


def test_erasing_needs_a_tick_and_leaves_nothing_but_a_fingerprint(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    reader.post(path, {"part": "announcements", "announcements": "y"})
    link = manage(reader, session, path)
    reader.post(f"{link}/address", {"email": BEA}, page=link)
    assert reader.post(f"{link}/erase", page=link).status_code == 422
    assert fresh(session).subscriber.email == ANN

    answer = reader.post(f"{link}/erase", {"sure": "y"}, page=link)
    assert "Everything about you is deleted" in answer.text
    for table in schema.METADATA.sorted_tables:
        rows = session.execute(text(f"SELECT CAST(t AS text) FROM {table.name} AS t")).scalars()
        for row in rows:
            assert "ann@" not in row, table.name
            assert "bea@" not in row, table.name
    assert session.scalars(select(ConsentEvent)).all() == []
    [kept] = session.scalars(select(Suppression))
    assert (kept.reason, kept.list_id) == ("erased", 0)
    assert kept.address_hash == reader.runtime.hash_address(ANN)
    assert list(mails(reader, session)) == []
    assert reader.client.get(path).status_code == 404
    assert reader.client.get(link).status_code == 404


def test_who_was_erased_comes_back_by_signing_up_and_confirming(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    newsletter = active.newsletter
    link = manage(reader, session, path)
    reader.post(f"{link}/erase", {"sure": "y"}, page=link)

    assert reader.sign_up(newsletter).status_code == 303
    [(kind, to, mail)] = mails(reader, session)
    assert (kind, to) == ("confirm", ANN)
    # Whoever typed the address is not believed.
    assert session.scalars(select(Suppression.reason)).all() == ["erased"]
    confirm = link_in(mail, "c")
    assert reader.post(confirm).status_code == 200
    assert fresh(session).state is SubscriptionState.ACTIVE
    assert session.scalars(select(Suppression)).all() == []


def test_the_log_of_consent_still_refuses_every_other_deletion(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    other = make_subscription(session, active.newsletter, email=BEA)
    session.commit()
    link = manage(reader, session, path)
    reader.post(f"{link}/erase", {"sure": "y"}, page=link)
    reader.post(
        path_of(reader.runtime.links.preferences(subscription_id=other.id)),
        {"part": "announcements", "announcements": "y"},
    )
    with pytest.raises(Exception, match="append-only"), session.begin_nested():
        session.execute(text("DELETE FROM consent_events"))


def ask_to_move(reader: Reader, session: Session, path: str, to: str = BEA) -> dict[str, tuple[str, str]]:
    """Ask for the change; return (recipient, text) of the two mails by their kind."""
    link = manage(reader, session, path)
    answer = reader.post(f"{link}/address", {"email": to}, page=link)
    assert "We have written to the new address." in answer.text
    return {kind: (recipient, mail) for kind, recipient, mail in mails(reader, session)}


def test_an_address_changes_when_the_new_inbox_says_so(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    found = ask_to_move(reader, session, path)
    (to_new, new), (to_old, old) = found["new_address"], found["old_address"]
    assert (to_new, to_old) == (BEA, ANN)
    assert ANN not in new
    assert BEA not in old
    confirm = link_in(new, "address")
    reader.client.get(confirm)
    assert fresh(session).subscriber.email == ANN, "a link changes nothing"

    assert "Your mail comes here from now on" in reader.post(confirm).text
    assert fresh(session).subscriber.email == BEA
    [event] = session.scalars(select(ConsentEvent))
    assert event.kind is ConsentKind.ADDRESS_CHANGED
    stopped = reader.client.post(link_in(old, "address/stop"), data={"csrf_token": reader.token_on(path)})
    assert "There is nothing to stop any more" in stopped.text
    assert fresh(session).subscriber.email == BEA


def test_the_old_inbox_stops_a_change(session: Session, reader: Reader, path: str) -> None:
    found = ask_to_move(reader, session, path)
    confirm, stop = (
        link_in(found["new_address"][1], "address"),
        link_in(found["old_address"][1], "address/stop"),
    )
    assert "Your address stays as it is" in reader.post(stop).text
    answer = reader.client.post(confirm, data={"csrf_token": reader.token_on(path)})
    assert "This link is used up" in answer.text
    assert fresh(session).subscriber.email == ANN


@pytest.mark.parametrize("typed", ["", "bea at example", ANN.upper(), "postmaster@example.org"])
def test_an_address_that_makes_no_sense_is_explained(
    session: Session, reader: Reader, path: str, typed: str
) -> None:
    link = manage(reader, session, path)
    answer = reader.post(f"{link}/address", {"email": typed}, page=link)
    assert answer.status_code == 422
    assert 'id="email-complaint"' in answer.text
    assert session.scalars(select(AddressChange)).all() == []


def test_nobodys_inbox_is_filled_by_changes(session: Session, reader: Reader, path: str) -> None:
    link = manage(reader, session, path)
    answers = [
        reader.post(f"{link}/address", {"email": email}, page=link).status_code
        for email in (BEA, BEA, "b2@example.net", "b3@example.net", "b4@example.net")
    ]
    assert answers == [200, 429, 200, 200, 429]


def test_the_answer_is_the_same_for_an_address_that_is_known(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    make_subscription(session, active.newsletter, email=BEA)
    session.commit()
    ask_to_move(reader, session, path)


def test_two_readers_who_are_one_become_one(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    here, there, third = active.newsletter, make_newsletter(session), make_newsletter(session)
    bea = make_subscription(session, here, email=BEA, rhythm=Rhythm.DAILY).subscriber

    def add(subscriber: Subscriber, newsletter_id: int, state: SubscriptionState) -> Subscription:
        row = Subscription(
            subscriber=subscriber,
            newsletter_id=newsletter_id,
            state=state,
            topic_ids=[],
            rhythm=Rhythm.MONTHLY,
            time_zone="UTC",
            watermark=9,
            created_at=NOW,
            requested_at=NOW,
        )
        session.add(row)
        session.flush()
        return row

    moved = add(active.subscriber, there.id, SubscriptionState.ACTIVE)
    add(active.subscriber, third.id, SubscriptionState.ACTIVE)
    left = add(bea, third.id, SubscriptionState.UNSUBSCRIBED)
    left.watermark = 0
    session.commit()
    found = ask_to_move(reader, session, path)
    reader.post(link_in(found["new_address"][1], "address"))

    session.expire_all()
    rows = session.scalars(
        select(Subscription).where(Subscription.subscriber_id == bea.id).order_by(Subscription.newsletter_id)
    ).all()
    assert [(row.state, row.rhythm) for row in rows] == [
        (SubscriptionState.ACTIVE, Rhythm.DAILY),
        (SubscriptionState.ACTIVE, Rhythm.MONTHLY),
        (SubscriptionState.ACTIVE, Rhythm.MONTHLY),
    ]
    assert rows[1].id == moved.id, "with its history"
    assert (rows[2].id, rows[2].watermark) == (left.id, 9)
    assert rows[2].next_due_at is not None
    session.refresh(active)
    assert active.state is SubscriptionState.UNSUBSCRIBED


def test_changes_are_forgotten_after_a_week(session: Session, reader: Reader, path: str) -> None:
    ask_to_move(reader, session, path)
    now = datetime.now(UTC)
    assert moving.forget(session, now=now + timedelta(days=6)) == 0
    assert moving.forget(session, now=now + timedelta(days=8)) == 1
