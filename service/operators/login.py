"""Logging in with a password: the same answer, in the same time, for accounts that there are and are not."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import audit
from service.operators import passwords, throttle
from service.operators.accounts import actor_of
from service.operators.models import Operator
from service.operators.queries import find_by_email
from service.operators.throttle import Origin
from service.tokens import AddressHasher


def check_password(
    session: Session, email: str, password: str, *, origin: Origin, hash_address: AddressHasher, now: datetime
) -> Operator | None:
    """Return the operator, or None when address and password do not belong together (which is then counted).

    :raises TooManyRequests: it is too early for another try; nothing was checked.
    """
    operator = find_by_email(session, email)
    operator_id = operator.id if operator else None
    account = hash_address(email.strip().casefold())
    throttle.admit(
        session,
        account,
        origin,
        operator_id=operator_id,
        of_account=throttle.PASSWORDS_OF_ACCOUNT,
        now=now,
    )
    usable = operator if operator is not None and operator.disabled_at is None else None
    if not passwords.verify(usable.password_hash if usable else None, password) or usable is None:
        throttle.count_failure(session, account, origin, operator_id=operator_id, now=now)
        return None
    throttle.forget(session, account, origin, operator_id=operator_id)
    if usable.password_hash and passwords.is_outdated(usable.password_hash):
        usable.password_hash = passwords.make_hash(password)
    return usable


def note(session: Session, operator: Operator, *, by: str, network: str, now: datetime) -> None:
    """Write a login down, once every factor was shown."""
    audit.record(
        session,
        actor=actor_of(operator),
        action="operator.signed_in",
        subject=f"operator {operator.id}",
        now=now,
        after={"with": by, "network": network},
    )


def note_end(
    session: Session, operator_id: int, action: str, *, now: datetime, after: dict[str, Any] | None = None
) -> None:
    """Write down that somebody ended logins of their own."""
    audit.record(
        session,
        actor=f"operator {operator_id}",
        action=action,
        subject=f"operator {operator_id}",
        now=now,
        after=after,
    )
