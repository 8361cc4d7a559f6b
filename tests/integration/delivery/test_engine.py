"""The engine against a scripted relay and a real ledger."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from service.db import Sessions, transaction
from service.delivery import ledger, mailings, suppression
from service.delivery.models import (
    Attempt,
    Event,
    MailingState,
    Message,
    MessageState,
    Relay,
    Stream,
    Suppression,
)
from service.delivery.sweeper import sweep
from tests.fakes import smtp_server
from tests.fakes.smtp_server import DROP, Step
from tests.integration.delivery.world import (
    Composer,
    account,
    address_of,
    engine,
    hash_of,
    mailing_of,
    plan,
    states,
    utc,
)

BULK = [Stream.DIGEST, Stream.BLAST]


def only(verb: str, reply: str, *, n: int | None = None, times: int = 10**6) -> smtp_server.Script:
    """Answer so at one verb, for one reader or for all, a number of times."""
    left = [times]

    def script(step: Step) -> str | None:
        who = step.recipient or step.line
        if step.verb == verb and (n is None or address_of(n) in who) and left[0] > 0:
            left[0] -= 1
            return reply
        return None

    return script


def test_everybody_gets_one_mail_and_the_mailing_adds_up(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 150)
    with smtp_server.running() as server:
        report = engine(committing, server, tmp_path, compose=Composer(skip={3, 70})).deliver(BULK)
    assert (report.sent, report.problem) == (148, "")
    assert sorted(server.recipients) == sorted(address_of(n) for n in range(150) if n not in {3, 70})
    assert len({each.message_id for each in server.accepted}) == 148
    assert all(each.sender.startswith("b+") for each in server.accepted)
    found = account(committing, mailing_id)
    assert (found.sent, found.skipped, found.pending) == (148, {"unsubscribed": 2}, 0)
    assert not list(tmp_path.iterdir())
    sweep(committing, journals=tmp_path, now=utc())
    assert mailing_of(committing, mailing_id).state is MailingState.FINISHED


def test_two_engines_never_send_one_message_twice(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 300)
    with smtp_server.running() as server:
        engines = [engine(committing, server, tmp_path, window=16) for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            reports = list(pool.map(lambda each: each.deliver(BULK), engines))
    assert sorted(server.recipients) == sorted(address_of(n) for n in range(300))
    assert sum(report.sent for report in reports) == 300
    assert account(committing, mailing_id).sent == 300


def test_a_deferred_message_is_sent_on_a_later_try_with_the_same_bytes(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 3)
    with smtp_server.running(only("RCPT", "451 4.7.1 greylisted", n=1, times=1)) as server:
        sender = engine(committing, server, tmp_path)
        sender.deliver(BULK)
        assert states(committing)[1] == (MessageState.DEFERRED, "greylisted")
        assert sender.deliver(BULK).settled == 0
        with transaction(committing) as session:
            due = session.scalars(select(Message.due_at).where(Message.subscription_id == 1)).one()
            assert timedelta(minutes=4) < due - utc() < timedelta(minutes=6)
            session.execute(update(Message).values(due_at=utc()))
        assert sender.deliver(BULK).sent == 1
    assert account(committing, mailing_id).sent == 3
    with committing() as session:
        attempts = session.scalars(
            select(Attempt)
            .join(Message, Message.id == Attempt.message_id)
            .where(Message.subscription_id == 1)
            .order_by(Attempt.number)
        ).all()
    assert [(each.number, each.phase, each.code, each.enhanced_code) for each in attempts] == [
        (1, "rcpt", 451, "4.7.1"),
        (2, "dot", 250, "2.0.0"),
    ]


def test_a_mailbox_that_does_not_exist_is_suppressed_and_not_tried_again(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 3)
    reply = "550 5.1.1 <reader1@example.org> no such user"
    with smtp_server.running(only("RCPT", reply, n=1)) as server:
        engine(committing, server, tmp_path).deliver(BULK)
    assert account(committing, mailing_id).failed == {"no_such_mailbox": 1}
    with committing() as session:
        found = session.scalars(select(Suppression)).one()
        assert (found.address_hash, found.list_id, found.reason) == (
            hash_of(address_of(1)),
            0,
            "hard_bounce",
        )
        assert session.scalars(select(Event.kind)).all() == ["hard_bounce"]
        replies = session.scalars(select(Attempt.reply)).all()
    assert not any("example.org" in each for each in replies)


def test_soft_bounces_suppress_only_in_a_row_and_over_a_fortnight(
    committing: Sessions, tmp_path: Path
) -> None:
    with smtp_server.running(only("RCPT", "550 no such person", n=0)) as server:
        for week in (3, 2, 0):
            plan(committing, 1, cause=f"blast {week}")
            then = utc() - timedelta(days=7 * week)
            engine(committing, server, tmp_path).deliver(BULK)
            with transaction(committing) as session:
                if week:
                    assert session.scalars(select(Suppression)).all() == []
                    session.execute(update(Event).where(Event.at > then).values(at=then))
    with committing() as session:
        assert session.scalars(select(Suppression.address_hash)).all() == [hash_of(address_of(0))]


def test_a_refusal_that_is_our_fault_closes_the_relay_and_harms_no_reader(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 5)
    with smtp_server.running(only("DOT", "550 5.7.26 unauthenticated", times=1)) as server:
        sender = engine(committing, server, tmp_path)
        report = sender.deliver(BULK)
        assert "set-up" in report.problem
        assert sender.deliver(BULK).settled == 0
        found = account(committing, mailing_id)
        assert (found.pending, found.failed) == (5, {})
        with transaction(committing) as session:
            relay = session.scalars(select(Relay)).one()
            assert relay.problem == report.problem
            assert relay.closed_until is not None
            assert relay.closed_until > utc() + timedelta(minutes=4)
            assert session.scalars(select(Suppression)).all() == []
            session.execute(update(Relay).values(closed_until=utc()))
            session.execute(update(Message).values(due_at=utc()))
        assert sender.deliver(BULK).sent == 5
    with committing() as session:
        assert session.scalars(select(Relay.problem)).one() is None


def test_a_relay_that_cannot_be_reached_costs_no_message_a_try(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 5)
    with smtp_server.running() as server:
        pass
    report = engine(committing, server, tmp_path).deliver(BULK)
    assert "cannot be reached" in report.problem
    assert account(committing, mailing_id).by_state == {MessageState.PLANNED: 5}
    with committing() as session:
        assert session.scalars(select(Attempt)).all() == []
        assert session.scalars(select(Relay.failures)).one() == 1


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("greeting", "521 no mail here"),
        ("greeting", "421 4.3.2 too busy"),
        ("greeting", DROP),
        ("EHLO", "550 5.7.1 go away"),
        ("EHLO", "nonsense"),
    ],
)
def test_trouble_at_the_door_concerns_the_relay_and_no_message(
    committing: Sessions, tmp_path: Path, verb: str, reply: str
) -> None:
    mailing_id = plan(committing, 3)
    with smtp_server.running(only(verb, reply)) as server:
        report = engine(committing, server, tmp_path).deliver(BULK)
    assert report.problem
    assert account(committing, mailing_id).by_state == {MessageState.PLANNED: 3}


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["421 4.3.2 closing", "451 4.3.0 later", "452 4.3.1 full"])
def test_a_temporary_reply_at_any_phase_loses_and_doubles_nothing(
    committing: Sessions, tmp_path: Path, verb: str, reply: str
) -> None:
    mailing_id = plan(committing, 4)
    with smtp_server.running(only(verb, reply, times=1)) as server:
        sender = engine(committing, server, tmp_path)
        sender.deliver(BULK)
        with transaction(committing) as session:
            session.execute(update(Message).values(due_at=utc()))
            session.execute(update(Relay).values(closed_until=utc()))
        sender.deliver(BULK)
    assert sorted(server.recipients) == [address_of(n) for n in range(4)]
    assert account(committing, mailing_id).sent == 4


def test_a_reply_lost_after_the_dot_leaves_a_newsletter_unknown(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 4)
    with smtp_server.running(only("DOT", "take+" + DROP, times=1)) as server:
        # The fake takes the message, then hangs up: the worst case.
        server.script = lambda step: "take+garbage" if step.verb == "DOT" and step.total == 0 else None
        engine(committing, server, tmp_path).deliver(BULK)
    found = account(committing, mailing_id)
    assert (found.sent, found.unknown, found.pending) == (3, 1, 0)
    assert len(server.accepted) == len(set(server.recipients)) == 4


def test_a_reply_lost_after_the_dot_sends_a_confirmation_again(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 1, stream=Stream.TRANSACTIONAL, cause="transactional")
    with smtp_server.running(only("DOT", DROP, times=1)) as server:
        sender = engine(committing, server, tmp_path)
        sender.deliver([Stream.TRANSACTIONAL])
        assert states(committing)[0] == (MessageState.DEFERRED, "no_reply")
        with transaction(committing) as session:
            session.execute(update(Message).values(due_at=utc()))
        assert sender.deliver([Stream.TRANSACTIONAL]).sent == 1


def test_a_relay_that_hangs_up_after_some_messages_costs_nothing(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 20)
    with smtp_server.running(
        lambda step: DROP if step.verb == "MAIL" and step.taken == 4 else None
    ) as server:
        assert engine(committing, server, tmp_path).deliver(BULK).sent == 20
    assert server.connections == 5
    assert account(committing, mailing_id).sent == 20
    with committing() as session:
        assert len(session.scalars(select(Attempt)).all()) == 20


def test_a_session_that_refuses_to_reset_is_replaced(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 3)

    def script(step: Step) -> str | None:
        if step.verb == "RCPT" and address_of(0) in step.line:
            return "550 5.1.1 no"
        return "503 5.5.1 sender already given" if step.verb == "RSET" else None

    with smtp_server.running(script) as server:
        assert engine(committing, server, tmp_path).deliver(BULK).sent == 2
    assert server.connections == 2


def test_a_421_to_quit_changes_nothing(committing: Sessions, tmp_path: Path) -> None:
    mailing_id = plan(committing, 2)
    with smtp_server.running(only("QUIT", "421 4.3.2 busy")) as server:
        assert engine(committing, server, tmp_path).deliver(BULK).sent == 2
    assert account(committing, mailing_id).sent == 2


def test_a_reader_who_is_suppressed_after_composing_gets_nothing(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 3)
    compose = Composer()

    def suppress() -> None:
        with transaction(committing) as session:
            suppression.suppress(session, hash_of(address_of(1)), list_id=1, reason="never_again", now=utc())
            suppression.suppress(session, hash_of(address_of(2)), list_id=99, reason="other_list", now=utc())

    compose.then.append(suppress)
    with smtp_server.running() as server:
        engine(committing, server, tmp_path, compose=compose).deliver(BULK)
    assert sorted(server.recipients) == [address_of(0), address_of(2)]
    assert account(committing, mailing_id).skipped == {"suppressed": 1}


def test_a_reader_who_leaves_while_the_window_is_composed_is_marked_and_waits_for_no_longer(
    committing: Sessions, tmp_path: Path
) -> None:
    plan(committing, 3)
    compose = Composer()
    left: list[int] = []

    def leave() -> None:
        with transaction(committing) as session:
            left.append(
                ledger.cancel_pending(
                    session, subscriber_id=1, subscription_id=1, reason="unsubscribed", now=utc()
                )
            )

    leaving = threading.Thread(target=leave)
    compose.then.append(leaving.start)
    with smtp_server.running(delay=0.3) as server:
        engine(committing, server, tmp_path, compose=compose).deliver(BULK)
    leaving.join()
    assert left == [1]
    assert sorted(server.recipients) == [address_of(0), address_of(2)]
    assert states(committing)[1] == (MessageState.CANCELLED, "unsubscribed")


def test_a_reader_who_leaves_while_the_window_is_on_its_way_gets_nothing_after_the_next_look(
    committing: Sessions, tmp_path: Path
) -> None:
    plan(committing, 4)

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 0:
            with transaction(committing) as session:
                ledger.cancel_pending(
                    session, subscriber_id=2, subscription_id=2, reason="unsubscribed", now=utc()
                )
        return None

    with smtp_server.running(script, delay=0.15) as server:
        engine(committing, server, tmp_path).deliver(BULK)
    assert address_of(2) not in server.recipients
    assert len(server.accepted) == 3
    assert states(committing)[2] == (MessageState.CANCELLED, "unsubscribed")


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_a_mailing_held_in_the_middle_of_a_window_goes_no_further(
    committing: Sessions, tmp_path: Path, act: str
) -> None:
    mailing_id = plan(committing, 6)

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 1:
            with transaction(committing) as session:
                getattr(mailings, act)(session, mailing_id, now=utc())
        return None

    with smtp_server.running(script, delay=0.15) as server:
        sender = engine(committing, server, tmp_path)
        sender.deliver(BULK)
        assert len(server.accepted) == 2
        found = account(committing, mailing_id)
        if act == "stop":
            assert (found.pending, found.skipped) == (0, {"stopped": 4})
            return
        assert found.by_state == {MessageState.SENT: 2, MessageState.PLANNED: 4}
        with transaction(committing) as session:
            mailings.resume(session, mailing_id, now=utc())
        server.delay = 0
        assert sender.deliver(BULK).sent == 4


def test_a_stop_finishes_the_message_in_flight_and_hands_back_the_rest(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 30)
    # Without PIPELINING no second message is begun before the answer to the first.
    with smtp_server.running(offers=("SIZE 10485760", "8BITMIME")) as server:
        report = engine(committing, server, tmp_path).deliver(BULK, stop=lambda: len(server.accepted) >= 5)
    assert report.sent == len(server.accepted) == 5
    assert account(committing, mailing_id).by_state == {
        MessageState.SENT: 5,
        MessageState.PLANNED: 25,
    }


def test_limits_of_number_and_time_are_kept(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 30)
    with smtp_server.running() as server:
        sender = engine(committing, server, tmp_path)
        assert sender.deliver(BULK, limit=7).sent == 7
        assert sender.deliver(BULK, seconds=0).sent == 0


def test_a_broken_message_is_set_aside_after_three_tries_and_stops_nobody(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 10)
    with smtp_server.running() as server:
        sender = engine(committing, server, tmp_path, compose=Composer(broken={4}))
        assert sender.deliver(BULK).sent == 9
        for _ in range(2):
            assert states(committing)[4] == (MessageState.DEFERRED, "broken")
            with transaction(committing) as session:
                session.execute(update(Message).values(due_at=utc()))
            sender.deliver(BULK)
    assert states(committing)[4] == (MessageState.FAILED, "broken")
    assert account(committing, mailing_id).failed == {"broken": 1}


def test_a_mail_that_cannot_be_built_is_set_aside_alone(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 3)
    with transaction(committing) as session:
        session.execute(
            update(Message).where(Message.subscription_id == 1).values(message_id="x>\r\nBcc: y@z")
        )
    with smtp_server.running() as server:
        assert engine(committing, server, tmp_path).deliver(BULK).sent == 2
    assert states(committing)[1] == (MessageState.DEFERRED, "broken")


def test_a_digest_that_is_no_news_any_more_expires_unsent(committing: Sessions, tmp_path: Path) -> None:
    past = (utc() - timedelta(minutes=1)).isoformat()
    mailing_id = plan(committing, 2, stream=Stream.DIGEST, cause="edition 1", details={"expires_at": past})
    with smtp_server.running() as server:
        engine(committing, server, tmp_path).deliver(BULK)
    assert server.accepted == []
    assert account(committing, mailing_id).failed == {"too_late": 2}


def test_a_paused_mailing_is_not_claimed_from_and_streams_take_turns(
    committing: Sessions, tmp_path: Path
) -> None:
    first = plan(committing, 10, cause="blast 1")
    plan(committing, 10, stream=Stream.DIGEST, cause="edition 1")
    held = plan(committing, 10, cause="blast 2")
    with transaction(committing) as session:
        mailings.pause(session, held, now=utc())
    with smtp_server.running() as server:
        sender = engine(committing, server, tmp_path, window=5)
        sender.deliver(BULK, limit=10)
        # A mailing's first window is one message, until its size is known; the next are five at most.
        assert 1 <= account(committing, first).sent <= 9
        sender.deliver(BULK)
    assert account(committing, held).by_state == {MessageState.PLANNED: 10}


def test_a_message_larger_than_the_relay_takes_is_not_offered(committing: Sessions, tmp_path: Path) -> None:
    plan(committing, 1)
    with smtp_server.running(offers=("SIZE 100",)) as server:
        engine(committing, server, tmp_path).deliver(BULK)
    assert states(committing)[0] == (MessageState.FAILED, "too_big")
    assert not any(line.startswith("MAIL") for line in server.commands)


def test_a_name_that_does_not_fit_the_ascii_relay_fails_with_its_reason(
    committing: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(committing, 2)
    monkeypatch.setattr(
        "tests.integration.delivery.world.address_of",
        lambda n: "jörg@bücher.example" if n else "joerg@bücher.example",
    )
    with smtp_server.running() as server:
        engine(committing, server, tmp_path).deliver(BULK)
        assert states(committing)[1] == (MessageState.FAILED, "needs_smtputf8")
        assert server.recipients == ["joerg@xn--bcher-kva.example"]
        assert not any("SMTPUTF8" in line for line in server.commands)
    plan(committing, 2, cause="blast 2")
    with smtp_server.running(offers=("SMTPUTF8", "8BITMIME")) as server:
        engine(committing, server, tmp_path).deliver(BULK)
    assert "jörg@xn--bcher-kva.example" in server.recipients


def test_the_database_may_go_away_between_the_reply_and_its_record(
    committing: Sessions, tmp_path: Path
) -> None:
    mailing_id = plan(committing, 3)

    def script(step: Step) -> str | None:
        if step.verb == "DOT" and step.total == 0:
            with transaction(committing) as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                    )
                )
        return None

    with smtp_server.running(script) as server:
        assert engine(committing, server, tmp_path).deliver(BULK).sent == 3
    assert account(committing, mailing_id).sent == len(server.accepted) == 3
