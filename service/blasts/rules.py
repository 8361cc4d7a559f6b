"""The rules for sending blasts: who types, who approves, who is spared, and what stops it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service import audit
from service.blasts.models import BlastRules
from service.errors import InvalidInput

COUNTS = (1, 100_000_000)
CAP_HOURS = (0, 14 * 24)
#: Less than five seconds is no time to see a mistake.
UNDO_SECONDS = (5, 3600)
PERCENT = (0.01, 100.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """The same as the row, as a value."""

    typed_above: int = 10_000
    second_person_above: int | None = None
    cap_hours: int = 0
    error_percent: float = 5.0
    bounce_percent: float = 3.0
    complaint_percent: float = 0.1
    #: Nothing leaves sooner after the button.
    undo_seconds: int = 60

    @property
    def undo(self) -> timedelta:
        return timedelta(seconds=self.undo_seconds)


NAMES = tuple(Rules.__dataclass_fields__)


def current(session: Session) -> Rules:
    """Return the rules; the defaults where nobody has set any."""
    row = session.get(BlastRules, 1)
    return Rules() if row is None else Rules(**_facts(row))


def change(session: Session, rules: Rules, *, actor: str, now: datetime) -> None:
    """Set the rules; they hold from the next confirmation and the next look at what is being sent.

    :raises InvalidInput: a number is out of its range.
    """
    _check(rules.typed_above, COUNTS, field="typed_above")
    if rules.second_person_above is not None:
        _check(rules.second_person_above, COUNTS, field="second_person_above")
    _check(rules.cap_hours, CAP_HOURS, field="cap_hours")
    _check(rules.undo_seconds, UNDO_SECONDS, field="undo_seconds")
    for name in ("error_percent", "bounce_percent", "complaint_percent"):
        _check(getattr(rules, name), PERCENT, field=name)
    row = session.get(BlastRules, 1, with_for_update=True)
    before = _facts(row) if row is not None else None
    row = row or BlastRules(id=1)
    for name in NAMES:
        setattr(row, name, getattr(rules, name))
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="blast_rules.changed",
        subject="blast rules",
        now=now,
        before=before,
        after=_facts(row),
    )


def _check(number: float, limits: tuple[float, float], *, field: str) -> None:
    if not limits[0] <= number <= limits[1]:
        raise InvalidInput(f"Choose between {limits[0]:,} and {limits[1]:,}.", field=field)


def _facts(row: BlastRules) -> dict[str, Any]:
    return {name: getattr(row, name) for name in NAMES}
