"""The front page's numbers are those of the rows."""

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.articles.models import CategoryMapping
from service.delivery import mailings
from service.delivery.models import Message, MessageState, Relay, Stream
from service.delivery.relays import RelayState
from service.ops import flow, heartbeats, overview
from service.subscribers.models import ConsentEvent, ConsentKind, SubscriptionState
from tests.factories import make_newsletter, make_source, make_subscription
from tests.integration.ops.scenes import EVERYTHING, State, make_mailing


def counted(session: Session, *states: MessageState) -> int:
    return len(session.scalars(select(Message.id).where(Message.state.in_(states))).all())


def test_the_flow_is_what_the_ledger_holds(session: Session, now: datetime) -> None:
    make_mailing(session, EVERYTHING, now=now)
    make_mailing(session, EVERYTHING, now=now, stream=Stream.BLAST, cause="blast 1")
    found = flow.read_flow(session, now=now)
    assert found.queued == counted(session, State.PLANNED) == 8
    assert found.sending == counted(session, State.CLAIMED, State.SENDING) == 4
    assert found.deferred == counted(session, State.DEFERRED) == 4
    assert found.undecided == counted(session, State.UNKNOWN) == 6
    assert found.sent_day == found.sent_today == counted(session, State.SENT) == 18
    assert found.skipped_day == {"too_few": 10, "unsubscribed": 2}
    assert found.failed_day == {"no_such_mailbox": 4, "too_late": 2}


def test_what_left_long_ago_is_not_counted_among_the_last_24_hours(session: Session, now: datetime) -> None:
    yesterday, long_ago = now - timedelta(hours=10), now - timedelta(hours=26)
    make_mailing(session, {(State.SENT, ""): 2}, now=yesterday)
    make_mailing(session, {(State.SENT, ""): 5, (State.FAILED, "policy"): 1}, now=long_ago, cause="edition 2")
    found = flow.read_flow(session, now=now)
    assert (found.sent_day, found.sent_today, found.failed_day) == (2, 0, {})


def test_a_message_that_moves_on_moves_its_hour_with_it(session: Session, now: datetime) -> None:
    mailing = make_mailing(session, {(State.PLANNED, ""): 3}, now=now - timedelta(days=3))
    session.execute(
        text("UPDATE messages SET state = 'sent', state_at = :now WHERE mailing_id = :id"),
        {"now": now, "id": mailing.id},
    )
    found = flow.read_flow(session, now=now)
    assert (found.queued, found.sent_day) == (0, 3)


def test_an_unknown_message_that_was_left_needs_no_decision(session: Session, now: datetime) -> None:
    make_mailing(session, {(State.UNKNOWN, "no_reply"): 1, (State.UNKNOWN, "left"): 2}, now=now)
    assert flow.read_flow(session, now=now).undecided == 1


def test_the_first_in_line_is_the_one_that_may_leave(session: Session, now: datetime) -> None:
    paused = make_mailing(session, {(State.PLANNED, ""): 1}, now=now - timedelta(hours=5))
    mailings.pause(session, paused.id, now=now)
    session.flush()
    assert flow.read_flow(session, now=now).waiting_since is None
    make_mailing(session, {(State.PLANNED, ""): 2}, now=now - timedelta(minutes=3), cause="edition 2")
    assert flow.read_flow(session, now=now).waiting_since == now - timedelta(minutes=3)


def test_running_mailings_are_those_with_somebody_waiting_or_paused(session: Session, now: datetime) -> None:
    busy = make_mailing(session, {(State.PLANNED, ""): 1}, now=now)
    make_mailing(session, {(State.SENT, ""): 1}, now=now, cause="edition idle")
    paused = make_mailing(session, {(State.SENT, ""): 1}, now=now, cause="edition paused")
    mailings.pause(session, paused.id, now=now)
    session.flush()
    running = overview.read_pulse(session, now=now).running
    assert {line.mailing_id for line in running} == {busy.id, paused.id}


def test_a_silent_worker_is_missing_and_a_fresh_one_is_not(session: Session, now: datetime) -> None:
    silent = now - heartbeats.SILENT_AFTER - timedelta(seconds=1)
    heartbeats.beat(session, name="worker@a:1", kind="worker", started_at=silent, now=silent)
    heartbeats.beat(session, name="beat@a:2", kind="beat", started_at=now, now=now)
    pulse = overview.read_pulse(session, now=now)
    assert pulse.missing == ("worker",)
    heartbeats.beat(session, name="worker@b:3", kind="worker", started_at=now, now=now)
    pulse = overview.read_pulse(session, now=now)
    assert pulse.missing == ()
    assert [process.alive for process in pulse.processes if process.kind == "worker"] == [True, False]


def test_a_relay_is_closed_only_until_its_time_has_come(session: Session, now: datetime) -> None:
    session.add(
        Relay(name="relay:25", closed_until=now + timedelta(minutes=1), problem="No.", changed_at=now)
    )
    session.flush()
    (relay,) = overview.read_pulse(session, now=now).relays
    assert (relay.until, relay.problem) == (now + timedelta(minutes=1), "No.")
    (relay,) = overview.read_pulse(session, now=now + timedelta(minutes=2)).relays
    assert (relay.until, relay.state) == (None, RelayState.HALF_OPEN)


def test_the_house_counts_readers_sources_and_what_is_due(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session)
    for hours in (1, 1, 3, 40):
        make_subscription(session, newsletter, next_due_at=now + timedelta(hours=hours))
    make_subscription(session, newsletter, state=SubscriptionState.PENDING)
    for days in (2, 9):
        gone = now - timedelta(days=days)
        left = make_subscription(
            session, newsletter, state=SubscriptionState.UNSUBSCRIBED, unsubscribed_at=gone, next_due_at=None
        )
        for kind, at in ((ConsentKind.CONFIRMED, gone - timedelta(days=1)), (ConsentKind.UNSUBSCRIBED, gone)):
            session.add(ConsentEvent(subscription_id=left.id, kind=kind, at=at, channel="page", details={}))
    make_source(session, newsletter)
    failing = make_source(session, newsletter, name="Wire", last_error="It answered 503.", failures=3)
    make_source(session, newsletter, enabled=False, last_error="Off.")
    session.add_all(
        CategoryMapping(
            newsletter_id=newsletter.id, category_key=key, category=key, first_seen_at=now, ignored=ignored
        )
        for key, ignored in (("misc", False), ("ads", True))
    )
    session.flush()
    house = overview.read_house(session, now=now)
    assert (house.active, house.unconfirmed) == (4, 1)
    # As the lists of those who came and left have them, which these numbers lead to.
    assert (house.joined_this_week, house.left_this_week) == (1, 1)
    assert house.due == ((now + timedelta(hours=1), 2), (now + timedelta(hours=3), 1))
    assert (house.sources, house.unmapped) == (2, 1)
    assert [(each.source_id, each.error) for each in house.failing] == [(failing.id, "It answered 503.")]
    assert house.not_ready == ()


def test_a_newsletter_that_may_not_send_says_what_it_lacks(session: Session, now: datetime) -> None:
    newsletter = make_newsletter(session, name="Tidewater")
    newsletter.sender.postal_address = ""
    session.flush()
    (found,) = overview.read_house(session, now=now).not_ready
    assert found.name == "Tidewater"
    assert "postal address" in found.missing[0]
