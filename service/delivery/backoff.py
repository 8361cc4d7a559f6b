"""When to try again, and when to give up. Pure: the caller brings the clock and the dice."""

from datetime import datetime, timedelta

from service.delivery.models import Stream

_BULK = tuple(timedelta(minutes=m) for m in (5, 15, 30, 60))
#: Somebody waits for these, often on the other side of a greylist.
_TRANSACTIONAL = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60))
_BROKEN = tuple(timedelta(minutes=m) for m in (1, 5, 15))
_RELAY = tuple(timedelta(seconds=s) for s in (5, 10, 20, 60, 120, 300))

#: A mail that did not get through for this long is no news any more.
LIFETIME = timedelta(hours=48)
#: A message that was held up by us (a pause, a closed relay) still gets this many tries.
FEWEST_TRIES = 3
#: A message that breaks its own composing is set aside after this many tries.
BROKEN_TRIES = 3


def retry_at(
    stream: Stream,
    *,
    attempts: int,
    created_at: datetime,
    now: datetime,
    dice: float,
    expires_at: datetime | None = None,
) -> datetime | None:
    """Return when to try again after this many attempts, or None when it is too late.

    `dice` in [0, 1) spreads retries over a fifth of the delay. `expires_at` is when the next issue is due.
    """
    delays = _TRANSACTIONAL if stream is Stream.TRANSACTIONAL else _BULK
    due = now + _jittered(_at(delays, attempts), dice)
    if expires_at is not None:
        return due if due < expires_at else None
    if due - created_at > LIFETIME and attempts >= FEWEST_TRIES:
        return None
    return due


def broken_retry_at(*, attempts: int, now: datetime) -> datetime | None:
    """Return when to try to compose a message again, or None when it is set aside."""
    return None if attempts >= BROKEN_TRIES else now + _at(_BROKEN, attempts)


def relay_rest(*, failures: int, dice: float) -> timedelta:
    """Return how long a relay rests after this many failures to reach it in a row."""
    return _jittered(_at(_RELAY, failures), dice)


def _at(delays: tuple[timedelta, ...], attempts: int) -> timedelta:
    return delays[min(max(attempts, 1), len(delays)) - 1]


def _jittered(delay: timedelta, dice: float) -> timedelta:
    return delay * (0.9 + 0.2 * dice)
