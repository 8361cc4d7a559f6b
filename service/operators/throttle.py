"""Guessing is slowed down, and nobody is locked out (standards 166).

Failures are counted three ways. From one network for one account the delay grows to a quarter of an
hour; from one network for any account it does so later; from everywhere for one account it stays as
short as the caller says. A browser that has signed in to the account before is counted by itself alone:
a stranger who keeps guessing, even from the next desk, cannot keep the owner out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from service.errors import TooManyRequests
from service.operators.models import LoginFailure

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """Failures that cost nothing, and the longest delay in seconds."""

    free: int
    longest: int


PAIR = Limit(5, 900)
NETWORK = Limit(20, 900)
PASSWORDS_OF_ACCOUNT = Limit(30, 30)
#: Whoever guesses these knows the password already. A passkey or a recovery code goes past this limit.
CODES_OF_ACCOUNT = Limit(30, 900)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a try comes from."""

    network: str
    #: The account that this browser has signed in to before, and its own mark.
    known_operator_id: int | None = None
    device: str = ""

    def key(self, operator_id: int | None) -> str:
        """What failures are counted under: the browser that knows the account, else its network."""
        return f"device {self.device}" if self.is_known(operator_id) else self.network

    def is_known(self, operator_id: int | None) -> bool:
        return operator_id is not None and operator_id == self.known_operator_id


def admit(
    session: Session,
    account: bytes,
    origin: Origin,
    *,
    operator_id: int | None,
    of_account: Limit | None,
    now: datetime,
) -> None:
    """Let one try through, or refuse it because it is too early.

    `account` is a keyed hash of what is guessed at; without `of_account`, failures elsewhere do not count.

    :raises TooManyRequests: nothing may be checked now.
    """
    key = origin.key(operator_id)
    _one_at_a_time(session, key)
    here, mine = LoginFailure.network == key, LoginFailure.email_hash == account
    _refuse_if_early(session, (mine, here), PAIR, now=now)
    if origin.is_known(operator_id):
        return
    _refuse_if_early(session, (here,), NETWORK, now=now)
    if of_account is not None:
        _refuse_if_early(session, (mine,), of_account, now=now)


def count_failure(
    session: Session, account: bytes, origin: Origin, *, operator_id: int | None, now: datetime
) -> None:
    session.add(LoginFailure(at=now, email_hash=account, network=origin.key(operator_id)))
    session.flush()


def forget(session: Session, account: bytes, origin: Origin, *, operator_id: int | None) -> None:
    """Forget the failures of this account from this origin, after a success."""
    session.execute(
        delete(LoginFailure).where(
            LoginFailure.email_hash == account, LoginFailure.network == origin.key(operator_id)
        )
    )


def wait_seconds(failures: int, limit: Limit) -> int:
    """How long to wait after so many failures: 2, 4, 8 ... seconds once the free ones are used up."""
    over = failures - limit.free + 1
    return 0 if over <= 0 else min(limit.longest, 2 ** min(over, 16))


def purge(session: Session, *, now: datetime) -> None:
    """Forget failures that delay nobody any more."""
    session.execute(delete(LoginFailure).where(LoginFailure.at < now - WINDOW))


def _one_at_a_time(session: Session, key: str) -> None:
    # Otherwise a hundred tries at once would all be looked at before the first failure is counted.
    taken = session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 7))"), {"key": key})
    if not taken:
        raise TooManyRequests("Another login from your network is being checked. Try again.", retry_after=1)


def _refuse_if_early(
    session: Session, conditions: tuple[ColumnElement[bool], ...], limit: Limit, *, now: datetime
) -> None:
    failures, latest = session.execute(
        select(func.count(), func.max(LoginFailure.at)).where(*conditions, LoginFailure.at > now - WINDOW)
    ).one()
    if failures:
        until = latest + timedelta(seconds=wait_seconds(failures, limit))
        if until > now:
            raise _too_early(until - now)


def _too_early(wait: timedelta) -> TooManyRequests:
    seconds = max(1, round(wait.total_seconds()))
    phrase = f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
    phrase = "a second" if seconds == 1 else phrase
    return TooManyRequests(
        f"There were too many wrong tries. Please wait {phrase}, then try again.", retry_after=seconds
    )
