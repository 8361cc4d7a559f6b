"""Logging in: the same answer for unknown accounts; delays grow but lock nobody out (standards 166).

Failures are counted three ways. From one network for one account the delay grows to a quarter of an
hour; from one network for any account it does so later. Failures from everywhere for one account delay
by half a minute at most, and not at all in a browser that has signed in to it before: a stranger who
keeps guessing cannot keep the owner out.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from service import audit
from service.errors import TooManyRequests
from service.operators import passwords
from service.operators.accounts import actor_of
from service.operators.models import LoginFailure, Operator
from service.operators.queries import find_by_email
from service.tokens import AddressHasher

WINDOW = timedelta(hours=1)
#: failures that cost nothing, and the longest delay in seconds
_PAIR = (5, 900)
_NETWORK = (20, 900)
_ACCOUNT = (30, 30)


def sign_in(
    session: Session,
    email: str,
    password: str,
    *,
    network: str,
    known_operator_id: int | None,
    hash_address: AddressHasher,
    now: datetime,
) -> Operator | None:
    """Return the operator, or None when address and password do not belong together (which is then counted).

    `known_operator_id` is the account that this browser has signed in to before.

    :raises TooManyRequests: it is too early for another try; nothing was checked.
    """
    operator = find_by_email(session, email)
    email_hash = hash_address(email.strip().casefold())
    is_known = operator is not None and operator.id == known_operator_id
    _one_at_a_time(session, network)
    _refuse_if_early(session, email_hash, network=network, is_known=is_known, now=now)
    usable = operator if operator is not None and operator.disabled_at is None else None
    if not passwords.verify(usable.password_hash if usable else None, password) or usable is None:
        session.add(LoginFailure(at=now, email_hash=email_hash, network=network))
        session.flush()
        return None
    _forget_failures(session, email_hash, network)
    if usable.password_hash and passwords.is_outdated(usable.password_hash):
        usable.password_hash = passwords.make_hash(password)
    audit.record(
        session,
        actor=actor_of(usable),
        action="operator.signed_in",
        subject=f"operator {usable.id}",
        now=now,
    )
    return usable


def wait_seconds(failures: int, *, free: int, longest: int) -> int:
    """How long to wait after so many failures: 2, 4, 8 ... seconds once the free ones are used up."""
    over = failures - free + 1
    return 0 if over <= 0 else min(longest, 2 ** min(over, 16))


def purge_failures(session: Session, *, now: datetime) -> None:
    """Forget failures that delay nobody any more."""
    session.execute(delete(LoginFailure).where(LoginFailure.at < now - WINDOW))


def _one_at_a_time(session: Session, network: str) -> None:
    # Otherwise a hundred tries at once would all be looked at before the first failure is counted.
    taken = session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:network, 7))"), {"network": network}
    )
    if not taken:
        raise TooManyRequests("Another login from your network is being checked. Try again.", retry_after=1)


def _refuse_if_early(
    session: Session, email_hash: bytes, *, network: str, is_known: bool, now: datetime
) -> None:
    account, origin = LoginFailure.email_hash == email_hash, LoginFailure.network == network
    limits: list[tuple[tuple[ColumnElement[bool], ...], tuple[int, int]]] = [((account, origin), _PAIR)]
    if not is_known:
        limits += [((origin,), _NETWORK), ((account,), _ACCOUNT)]
    for conditions, (free, longest) in limits:
        failures, latest = session.execute(
            select(func.count(), func.max(LoginFailure.at)).where(*conditions, LoginFailure.at > now - WINDOW)
        ).one()
        if failures:
            until = latest + timedelta(seconds=wait_seconds(failures, free=free, longest=longest))
            if until > now:
                raise _too_early(until - now)


def _too_early(wait: timedelta) -> TooManyRequests:
    seconds = max(1, round(wait.total_seconds()))
    phrase = f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
    phrase = "a second" if seconds == 1 else phrase
    return TooManyRequests(
        f"There were too many wrong passwords. Please wait {phrase}, then try again.", retry_after=seconds
    )


def _forget_failures(session: Session, email_hash: bytes, network: str) -> None:
    session.execute(
        delete(LoginFailure).where(LoginFailure.email_hash == email_hash, LoginFailure.network == network)
    )
