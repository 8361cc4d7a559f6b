"""The rules for signing in: how long a login lasts, and whether everybody needs a second factor."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service import audit
from service.errors import InvalidInput
from service.operators.models import SignInRules

IDLE_MINUTES = (5, 24 * 60)
LONGEST_HOURS = (1, 7 * 24)


def current(session: Session) -> SignInRules:
    """Return the rules; the defaults where nobody has set any."""
    row = session.get(SignInRules, 1)
    if row is not None:
        return row
    return SignInRules(id=1, idle_minutes=30, longest_hours=12, second_factor_required=False)


def idle(rules: SignInRules) -> timedelta:
    return timedelta(minutes=rules.idle_minutes)


def longest(rules: SignInRules) -> timedelta:
    return timedelta(hours=rules.longest_hours)


def change(
    session: Session,
    *,
    idle_minutes: int,
    longest_hours: int,
    second_factor_required: bool,
    actor: str,
    now: datetime,
) -> None:
    """Set the rules; they hold for logins that are open already, too.

    :raises InvalidInput: a number is out of its range.
    """
    _check(idle_minutes, IDLE_MINUTES, "minutes", field="idle_minutes")
    _check(longest_hours, LONGEST_HOURS, "hours", field="longest_hours")
    row = current(session)
    before = _words(row)
    row.idle_minutes, row.longest_hours = idle_minutes, longest_hours
    row.second_factor_required = second_factor_required
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="sign_in_rules.changed",
        subject="sign-in rules",
        now=now,
        before=before,
        after=_words(row),
    )


def _check(number: int, limits: tuple[int, int], unit: str, *, field: str) -> None:
    if not limits[0] <= number <= limits[1]:
        raise InvalidInput(f"Choose between {limits[0]} and {limits[1]} {unit}.", field=field)


def _words(row: SignInRules) -> dict[str, int | bool]:
    return {
        "idle_minutes": row.idle_minutes,
        "longest_hours": row.longest_hours,
        "second_factor_required": row.second_factor_required,
    }
