"""A relay that fails rests, is tried with one message, and opens again; an operator has the last word."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import relays
from service.delivery.breaker_counts import RelayCounts, Tries, is_relay_error
from service.delivery.relays import RelayState
from service.delivery.replies import Phase, classify, make_reply

A, B = "a.example:25", "b.example:587"
MINUTE = timedelta(minutes=1)


def state(session: Session, now: datetime, label: str = A) -> RelayState:
    return relays.list_health(session, [label], now=now)[label].state


def close(session: Session, now: datetime, *, rest: timedelta | None = MINUTE) -> None:
    relays.close(session, A, problem="The relay refuses us (554).", now=now, dice=0.5, rest=rest)


def test_a_relay_nobody_heard_of_is_open(session: Session, now: datetime) -> None:
    assert set(relays.usable(session, [A, B], now=now)) == {A, B}


def test_a_closed_relay_rests_and_then_has_one_trial(session: Session, now: datetime) -> None:
    close(session, now)
    health = relays.list_health(session, [A], now=now)[A]
    assert (health.state, health.until, health.problem) == (
        RelayState.RESTING,
        now + MINUTE,
        "The relay refuses us (554).",
    )
    assert set(relays.usable(session, [A, B], now=now)) == {B}
    assert not relays.begin_trial(session, A, now=now)
    later = now + MINUTE
    assert relays.usable(session, [A], now=later)[A].state is RelayState.HALF_OPEN
    assert relays.begin_trial(session, A, now=later)
    assert not relays.begin_trial(session, A, now=later)


def test_two_senders_never_both_get_the_trial(committing: Sessions, now: datetime) -> None:
    with transaction(committing) as session:
        close(session, now)
    with committing() as one, committing() as two:
        assert relays.begin_trial(one, A, now=now + MINUTE)
        one.commit()
        assert not relays.begin_trial(two, A, now=now + MINUTE)


def test_a_trial_that_worked_opens_the_relay(session: Session, now: datetime) -> None:
    close(session, now)
    relays.begin_trial(session, A, now=now + MINUTE)
    relays.worked(session, A, now=now + MINUTE)
    health = relays.list_health(session, [A], now=now + MINUTE)[A]
    assert (health.state, health.problem, health.failures) == (RelayState.OPEN, None, 0)


def test_a_trial_that_failed_begins_a_longer_rest(session: Session, now: datetime) -> None:
    rests = []
    for _ in range(4):
        close(session, now, rest=None)
        until = relays.list_health(session, [A], now=now)[A].until
        assert until is not None
        rests.append(until - now)
        now = until
        assert relays.begin_trial(session, A, now=now)
    assert rests == sorted(set(rests))


def test_a_trial_whose_sender_died_is_given_to_another(session: Session, now: datetime) -> None:
    close(session, now)
    now += MINUTE
    assert relays.begin_trial(session, A, now=now)
    assert relays.begin_trial(session, A, now=now + relays.TRIAL)
    relays.end_trial(session, A)
    assert relays.begin_trial(session, A, now=now)


def test_senders_that_fail_together_are_one_failure(session: Session, now: datetime) -> None:
    for _ in range(4):
        close(session, now, rest=None)
    assert relays.list_health(session, [A], now=now)[A].failures == 1


def test_mail_that_was_under_way_does_not_end_a_rest(session: Session, now: datetime) -> None:
    close(session, now)
    relays.worked(session, A, now=now)
    assert state(session, now) is RelayState.RESTING


@pytest.mark.parametrize(
    ("tries", "errors", "closes"), [(19, 19, False), (20, 10, True), (20, 9, False), (500, 250, True)]
)
def test_half_of_twenty_tries_close_a_relay(
    session: Session, now: datetime, tries: int, errors: int, closes: bool
) -> None:
    assert relays.note(session, A, tries=tries, errors=errors, now=now, dice=0.5) is closes
    assert (state(session, now) is RelayState.RESTING) is closes


def test_tries_are_added_up_for_a_minute_and_then_forgotten(session: Session, now: datetime) -> None:
    def note(seconds: int) -> bool:
        moment = now + timedelta(seconds=seconds)
        return relays.note(session, A, tries=8, errors=8, now=moment, dice=0.5)

    assert [note(0), note(30), note(61), note(70), note(80)] == [False, False, False, False, True]
    health = relays.list_health(session, [A], now=now + timedelta(seconds=80))[A]
    assert health.problem == "24 of the last 24 tries failed on it."


def test_an_operator_holds_and_resumes_a_relay(session: Session, now: datetime) -> None:
    assert relays.hold(session, A, by="operator 3", now=now)
    assert not relays.hold(session, A, by="operator 4", now=now)
    health = relays.list_health(session, [A], now=now)[A]
    assert (health.state, health.held_by) == (RelayState.HELD, "operator 3")
    assert not relays.is_open(session, A, now=now + timedelta(days=1))
    assert not relays.begin_trial(session, A, now=now)
    assert relays.resume(session, A, now=now)
    assert state(session, now) is RelayState.OPEN
    assert not relays.resume(session, A, now=now)


def test_an_operator_ends_a_rest(session: Session, now: datetime) -> None:
    close(session, now)
    assert relays.resume(session, A, now=now)
    assert state(session, now) is RelayState.OPEN


@pytest.mark.parametrize(
    ("phase", "line", "is_error"),
    [
        ("dot", "250 ok", False),
        ("rcpt", "550 5.1.1 unknown", False),
        ("rcpt", "450 4.2.1 busy mailbox", False),
        ("dot", "554 5.7.1 spam", False),
        ("mail", "550 5.7.1 not you", True),
        ("rcpt", "421 closing", True),
        ("dot", "452 4.3.1 disk full", True),
        ("dot", "550 5.7.26 unauthenticated", True),
        ("helo", "", True),
        ("dot", "", True),
    ],
)
def test_a_relay_is_blamed_for_what_is_its_own(phase: str, line: str, is_error: bool) -> None:
    reply = make_reply(int(line[:3]), [line[4:]]) if line else None
    assert is_relay_error(Phase(phase), classify(Phase(phase), reply), reply) is is_error


def test_successes_are_written_with_the_next_error_and_never_alone() -> None:
    counts, reply = RelayCounts(), make_reply(250, ["ok"])
    for _ in range(30):
        counts.heard(A, phase=Phase.DOT, verdict=classify(Phase.DOT, reply), reply=reply, now=0.0)
    assert counts.take() == {}
    counts.heard(A, phase=Phase.DOT, verdict=classify(Phase.DOT, None), reply=None, now=1.0)
    assert counts.take() == {A: Tries(31, 1)}
    assert counts.take() == {}
    counts.heard(A, phase=Phase.DOT, verdict=classify(Phase.DOT, reply), reply=reply, now=2.0)
    counts.heard(A, phase=Phase.DOT, verdict=classify(Phase.DOT, None), reply=None, now=100.0)
    assert counts.take() == {A: Tries(1, 1)}
