"""A forgotten password: a link by mail, for an hour and once. Nobody learns who has an account."""

import hashlib
import hmac
from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.delivery import ledger, mailings
from service.errors import BadToken
from service.operators import accounts, throttle
from service.operators.accounts import actor_of
from service.operators.models import Operator
from service.operators.queries import find_by_email
from service.operators.throttle import Origin
from service.tokens import AddressHasher

#: An account gets one letter in so many seconds, however often it is asked for.
_APART_SECONDS = 300


def ask(session: Session, email: str, *, origin: Origin, hash_address: AddressHasher, now: datetime) -> bool:
    """Put the letter into the queue if there is such an account; say whether it was (never tell the visitor).

    :raises TooManyRequests: this network asks too often.
    """
    account = hash_address("forgotten password")
    nobody = Origin(origin.network)
    throttle.admit(session, account, nobody, operator_id=None, of_account=None, now=now)
    # Whether there is such an account or not: it is counted, and the same wait follows.
    throttle.count_failure(session, account, nobody, operator_id=None, now=now)
    operator = find_by_email(session, email)
    if operator is None or operator.disabled_at is not None or operator.password_hash is None:
        return False
    ledger.put(
        session,
        mailings.transactional(session, now=now),
        [
            ledger.NewMessage(
                dedupe_key=f"password {operator.id}.{int(now.timestamp()) // _APART_SECONDS}",
                kind="operator_password",
                due_at=now,
                operator_id=operator.id,
                details={"mark": mark_of(operator)},
            )
        ],
        now=now,
    )
    audit.record(
        session,
        actor="somebody at the login page",
        action="operator.password_forgotten",
        subject=f"operator {operator.id}",
        now=now,
    )
    return True


def find(session: Session, operator_id: int, mark: str) -> Operator:
    """Return whose password the link changes.

    :raises BadToken: it was used, or the password was changed in another way.
    """
    operator = session.get(Operator, operator_id, with_for_update=True)
    if operator is None or operator.disabled_at is not None or operator.password_hash is None:
        raise BadToken("This link is no longer of use. Ask an administrator for help.")
    if not hmac.compare_digest(mark_of(operator).encode(), mark.encode("utf-8", "replace")):
        raise BadToken("This link was used already, or your password has changed since. Ask for a new one.")
    return operator


def choose(session: Session, operator_id: int, mark: str, *, password: str, now: datetime) -> Operator:
    """Set the new password; every login of the account ends, and the link with them."""
    operator = find(session, operator_id, mark)
    accounts.set_password(session, operator, password=password, actor=actor_of(operator), now=now)
    return operator


def mark_of(operator: Operator) -> str:
    """A short mark of the present password's hash: it changes with it, and tells nothing of it."""
    return hashlib.sha256((operator.password_hash or "").encode()).hexdigest()[:16]
