"""What the ledger rows of a blast say of each reader's time: not before, not after, and who is spared."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Cast, ColumnElement, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from service.blasts import matching, plans, rules
from service.blasts.models import Blast
from service.blasts.plans import Plan, When
from service.db import UtcDateTime
from service.subscribers.models import Subscription

#: The stable word for who is spared.
CAPPED = "frequency_cap"
#: Of an advisory lock: while readers are spared, one blast after the other is written into the ledger.
_ONE_AFTER_THE_OTHER = 0x626C617374


def terms(session: Session, blast: Blast, *, now: datetime) -> list[ColumnElement[Any]]:
    """Return the columns that planning puts into each row, beside who it is for."""
    plan = Plan.read(blast.plan)
    due_at = _own(plan, max(blast.send_at or now, now))
    found: list[ColumnElement[Any]] = [due_at.label("due_at")]
    if plan.when is When.LOCAL:
        # What is late is told against the reader's own hour, also after a try that moved `due_at`.
        found.append(due_at.label("slot_at"))
    if plan.latest is not None:
        found.append((_own(plan, _its_time(blast, now=now)) + literal(plan.latest)).label("expires_at"))
    hours = rules.current(session).cap_hours
    if hours:
        # Two blasts that are written at once would not see each other's rows.
        session.execute(select(func.pg_advisory_xact_lock(_ONE_AFTER_THE_OTHER)))
        spared = matching.has_a_blast(
            around=_its_time(blast, now=now), within=timedelta(hours=hours), except_mailing=blast.mailing_id
        )
        found.append(case((spared, CAPPED), else_="").label("skip_reason"))
    return found


def _its_time(blast: Blast, *, now: datetime) -> datetime:
    """Return when its mails should go: for the rest, when it could be let go first. A worker that was down,
    or a pause, does not move it.
    """
    known = [blast.send_at, blast.started_at]
    if blast.released_at is not None:
        known.append(blast.held_until)
    return max((each for each in known if each is not None), default=now)


def _own(plan: Plan, general: datetime) -> ColumnElement[Any]:
    """Return each reader's instant where the plan goes by their clocks, else the general one."""
    everybody = literal(general, UtcDateTime())
    if plan.when is not When.LOCAL:
        return everybody
    # One look into a small object for each reader, however many zones there are.
    instants = plans.local_instants(plan, available_timezones())
    written = {zone: instant.isoformat() for zone, instant in instants.items()}
    own: Cast[Any] = cast(literal(written, JSONB)[Subscription.time_zone].astext, UtcDateTime())
    return func.coalesce(own, everybody)
