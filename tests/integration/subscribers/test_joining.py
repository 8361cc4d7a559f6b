"""Two readers who become one: what the first had goes along, and nothing is lost or comes twice."""

from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import MessageState
from service.digests import planning, restoring
from service.digests.received import received_stories
from service.subscribers import joining, merging
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription, SubscriptionState
from service.tokens import AddressHasher
from tests.factories import make_subscription
from tests.integration.digests.worlds import LINKS, NOW, make_due, make_world, messages


def two_of_one_newsletter(session: Session, sessions: Sessions) -> tuple[Subscription, Subscription]:
    """A reader for whom a digest is planned, and the same person's subscription that has ended."""
    newsletter = make_world(session, stories=6)
    reader = make_due(session, newsletter)
    twin = make_subscription(
        session, newsletter, email="bea@example.net", state=SubscriptionState.UNSUBSCRIBED
    )
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)
    session.refresh(reader)
    return reader, twin


def join(session: Session, reader: Subscription, twin: Subscription) -> None:
    joining.join(session, reader.subscriber, twin.subscriber, circumstances=Circumstances("address"), now=NOW)
    session.commit()


def test_a_digest_that_was_on_its_way_comes_again_to_the_new_address(
    session: Session, sessions: Sessions
) -> None:
    reader, twin = two_of_one_newsletter(session, sessions)
    before = messages(session)[0].from_seq
    assert before is not None
    assert before < reader.watermark

    join(session, reader, twin)
    restoring.give_back(session, now=NOW)

    session.refresh(twin)
    assert twin.state is SubscriptionState.ACTIVE
    assert twin.watermark == before


def test_what_was_read_at_the_old_address_is_known_at_the_new_one(
    session: Session, sessions: Sessions
) -> None:
    reader, twin = two_of_one_newsletter(session, sessions)
    [sent] = messages(session)
    sent.state, sent.sent_at = MessageState.SENT, NOW
    session.commit()
    had = received_stories(session, [reader.id], now=NOW)[reader.id]
    assert had

    join(session, reader, twin)

    assert received_stories(session, [twin.id], now=NOW)[twin.id] == had


def test_nothing_that_a_reader_was_recognised_by_stays_at_the_old_address(
    session: Session, sessions: Sessions
) -> None:
    reader, twin = two_of_one_newsletter(session, sessions)
    reader.recognition_key, reader.feed_on = b"k" * 32, True
    session.commit()

    join(session, reader, twin)

    session.refresh(reader)
    assert (reader.recognition_key, reader.feed_on) == (None, False)


def test_operators_who_merge_two_readers_hand_over_the_mails_as_well(
    session: Session, sessions: Sessions
) -> None:
    reader, twin = two_of_one_newsletter(session, sessions)
    twin.state = SubscriptionState.PENDING
    twin.confirmed_at = NOW
    [sent] = messages(session)
    sent.state, sent.sent_at = MessageState.SENT, NOW
    session.commit()

    merging.merge(
        session,
        reader.subscriber,
        twin.subscriber,
        hash_address=AddressHasher(("k" * 32,)),
        circumstances=Circumstances("console"),
        now=NOW,
    )
    session.commit()

    assert received_stories(session, [twin.id], now=NOW).get(twin.id)
