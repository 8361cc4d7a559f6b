"""When to try again, and when to stop."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.delivery import backoff
from service.delivery.models import Stream

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
streams = st.sampled_from(Stream)
dice = st.floats(0, 1, exclude_max=True)


@given(streams, dice)
def test_a_message_that_never_gets_through_is_tried_for_two_days_and_no_longer(
    stream: Stream, dice: float
) -> None:
    now, attempts = START, 0
    while True:
        attempts += 1
        again = backoff.retry_at(stream, attempts=attempts, created_at=START, now=now, dice=dice)
        if again is None:
            break
        assert timedelta(seconds=50) < again - now < timedelta(minutes=67)
        now = again
    assert timedelta(hours=46) < now - START <= timedelta(hours=48)
    assert 40 < attempts < 65


@given(streams, dice, st.integers(1, 20))
def test_nothing_is_tried_after_the_next_issue_is_due(stream: Stream, dice: float, attempts: int) -> None:
    end = START + timedelta(hours=3)
    again = backoff.retry_at(
        stream, attempts=attempts, created_at=START, now=START, dice=dice, expires_at=end
    )
    assert again is not None
    assert again < end
    late = end - timedelta(seconds=30)
    assert (
        backoff.retry_at(stream, attempts=attempts, created_at=START, now=late, dice=dice, expires_at=end)
        is None
    )


def test_a_message_that_a_pause_held_up_still_gets_some_tries() -> None:
    late = START + timedelta(days=5)
    tries = [
        backoff.retry_at(Stream.BLAST, attempts=n, created_at=START, now=late, dice=0.5) for n in (1, 2, 3)
    ]
    assert [each is None for each in tries] == [False, False, True]


def test_confirmations_are_tried_sooner_than_digests() -> None:
    first = {
        stream: backoff.retry_at(stream, attempts=1, created_at=START, now=START, dice=0.5)
        for stream in Stream
    }
    assert first[Stream.TRANSACTIONAL] == START + timedelta(minutes=1)
    assert first[Stream.DIGEST] == START + timedelta(minutes=5)


@given(st.integers(1, 1000), dice)
def test_a_relay_rests_longer_with_every_failure_up_to_five_minutes(failures: int, dice: float) -> None:
    rest = backoff.relay_rest(failures=failures, dice=dice)
    assert timedelta(seconds=4) < rest < timedelta(minutes=6)
    assert backoff.relay_rest(failures=1, dice=0.5) < backoff.relay_rest(failures=6, dice=0.5)
