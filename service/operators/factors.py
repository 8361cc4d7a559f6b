"""Second factors of an account: an authenticator app, passkeys, recovery codes; every change is audited."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service import audit
from service.errors import Conflict, InvalidInput
from service.operators import recovery, rules, sessions, throttle, totp
from service.operators.accounts import actor_of
from service.operators.models import Ending, Operator, Passkey, Totp
from service.operators.sealing import Sealer
from service.operators.throttle import Origin
from service.tokens import AddressHasher


@dataclass(frozen=True, slots=True)
class Factors:
    """What an account has beside its password."""

    totp_added_at: datetime | None
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        return self.totp_added_at is not None or self.passkeys > 0


def of(session: Session, operator_id: int) -> Factors:
    """Return what this account has."""
    app = session.get(Totp, operator_id)
    return Factors(
        app.added_at if app else None,
        session.scalars(select(func.count(Passkey.id)).where(Passkey.operator_id == operator_id)).one(),
        recovery.count_left(session, operator_id),
    )


def operators_with(session: Session) -> set[int]:
    """Return the ids of every account that has a second factor."""
    return set(session.scalars(select(Totp.operator_id).union(select(Passkey.operator_id))))


def new_secret() -> bytes:
    """Return a secret for an app; it is kept once a code of it was typed."""
    return secrets.token_bytes(totp.SECRET_BYTES)


def add_totp(
    session: Session,
    operator: Operator,
    secret: bytes,
    code: str,
    *,
    sealer: Sealer,
    keep: bytes | None,
    now: datetime,
) -> list[str]:
    """Connect an app that shows the right code; return fresh recovery codes if there were none.

    :raises Conflict: an app is connected already.
    :raises InvalidInput: the code is not the app's.
    """
    if session.get(Totp, operator.id) is not None:
        raise Conflict("An authenticator app is connected already. Remove it before you connect another.")
    step = totp.matching_step(secret, _digits(code), now=now, after=0)
    if step is None:
        raise InvalidInput(
            "This is not the code that the app shows now. Check that the clock of your phone is right.",
            field="code",
        )
    session.add(
        Totp(operator_id=operator.id, sealed_secret=sealer.seal(secret), added_at=now, last_step=step)
    )
    return changed(session, operator, "authenticator_added", sealer=sealer, keep=keep, now=now)


def remove_totp(session: Session, operator: Operator, *, keep: bytes | None, now: datetime) -> None:
    """Disconnect the app.

    :raises Conflict: it is the last factor, and everybody needs one.
    """
    found = of(session, operator.id)
    if found.totp_added_at is None:
        return
    check_may_lose_one(session, found)
    session.execute(delete(Totp).where(Totp.operator_id == operator.id))
    removed(session, operator, "authenticator_removed", keep=keep, now=now)


def check_may_lose_one(session: Session, found: Factors) -> None:
    """Refuse to take the last factor of an account while everybody needs one."""
    left = found.passkeys + (found.totp_added_at is not None) - 1
    if left == 0 and rules.current(session).second_factor_required:
        raise Conflict("Everybody needs a second factor here. Add another one before you remove this one.")


def changed(
    session: Session,
    operator: Operator,
    what: str,
    *,
    sealer: Sealer,
    keep: bytes | None,
    now: datetime,
    name: str = "",
) -> list[str]:
    """End every other login after a factor came in; return recovery codes where there were none."""
    session.flush()
    sessions.end_all(session, operator.id, why=Ending.FACTOR, keep=keep, now=now)
    _note(session, what, operator, actor=actor_of(operator), after={"name": name} if name else None, now=now)
    if recovery.count_left(session, operator.id):
        return []
    return recovery.make(session, operator.id, sealer=sealer)


def removed(
    session: Session, operator: Operator, what: str, *, keep: bytes | None, now: datetime, name: str = ""
) -> None:
    """End every other login after a factor went away; without any, recovery codes are worth nothing."""
    session.flush()
    if not of(session, operator.id).any:
        recovery.forget(session, operator.id)
    sessions.end_all(session, operator.id, why=Ending.FACTOR, keep=keep, now=now)
    _note(session, what, operator, actor=actor_of(operator), before={"name": name} if name else None, now=now)


def new_recovery_codes(session: Session, operator: Operator, *, sealer: Sealer, now: datetime) -> list[str]:
    """Make ten new codes; the older ones stop working."""
    if not of(session, operator.id).any:
        raise Conflict("Recovery codes stand in for a second factor. Set one up first.")
    _note(session, "recovery_codes_made", operator, actor=actor_of(operator), now=now)
    return recovery.make(session, operator.id, sealer=sealer)


def reset(session: Session, operator: Operator, *, actor: str, now: datetime) -> None:
    """Take every second factor from an account whose owner lost it; its logins end."""
    found = of(session, operator.id)
    session.execute(delete(Totp).where(Totp.operator_id == operator.id))
    session.execute(delete(Passkey).where(Passkey.operator_id == operator.id))
    recovery.forget(session, operator.id)
    sessions.end_all(session, operator.id, why=Ending.FACTOR, now=now)
    before = {"app": found.totp_added_at is not None, "passkeys": found.passkeys}
    _note(
        session,
        "second_factor_reset",
        operator,
        actor=actor,
        now=now,
        before=before,
        after={"app": False, "passkeys": 0},
    )


def check_code(
    session: Session,
    operator: Operator,
    typed: str,
    *,
    origin: Origin,
    sealer: Sealer,
    hash_address: AddressHasher,
    now: datetime,
) -> str | None:
    """Take a code of the app or a recovery code; say which it was, or None (which is then counted).

    :raises TooManyRequests: it is too early for another try; nothing was checked.
    """
    code = _digits(typed)
    is_app = len(code) == totp.DIGITS and code.isdecimal()
    account = hash_address(f"second factor of operator {operator.id}")
    throttle.admit(
        session,
        account,
        origin,
        operator_id=operator.id,
        # 60 random bits need no patience from an owner whom a stranger slows down.
        of_account=throttle.CODES_OF_ACCOUNT if is_app else None,
        now=now,
    )
    if is_app and _take_totp(session, operator, code, sealer=sealer, now=now):
        throttle.forget(session, account, origin, operator_id=operator.id)
        return "an authenticator app"
    if not is_app and recovery.use(session, operator.id, typed, sealer=sealer, now=now):
        _note(session, "recovery_code_used", operator, actor=actor_of(operator), now=now)
        return "a recovery code"
    throttle.count_failure(session, account, origin, operator_id=operator.id, now=now)
    return None


def _take_totp(session: Session, operator: Operator, code: str, *, sealer: Sealer, now: datetime) -> bool:
    row = session.get(Totp, operator.id, with_for_update=True)
    if row is None:
        return False
    step = totp.matching_step(sealer.open(row.sealed_secret), code, now=now, after=row.last_step)
    if step is None:
        return False
    row.last_step = step
    session.flush()
    return True


def _note(
    session: Session,
    what: str,
    operator: Operator,
    *,
    actor: str,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=f"operator.{what}",
        subject=f"operator {operator.id}",
        now=now,
        before=before,
        after=after,
    )


def _digits(typed: str) -> str:
    return "".join(typed.split())
