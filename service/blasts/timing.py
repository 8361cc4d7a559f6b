"""What the ledger rows of a blast say of each reader's time: not before, not after, and who is spared."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Cast, ColumnElement, case, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from service.blasts import matching, plans, rules
from service.blasts.models import Blast
from service.blasts.plans import Plan, When
from service.db import UtcDateTime
from service.subscribers.models import Subscription

#: The stable word for who is spared.
CAPPED = "frequency_cap"


def terms(session: Session, blast: Blast, *, now: datetime) -> list[ColumnElement[Any]]:
    """Return the columns that planning puts into each row, beside who it is for."""
    plan = Plan.read(blast.plan)
    due_at = _due_at(blast, plan, now=now)
    found: list[ColumnElement[Any]] = [due_at.label("due_at")]
    if plan.when is When.LOCAL:
        # What is late is told against the reader's own hour, also after a try that moved `due_at`.
        found.append(due_at.label("slot_at"))
    if plan.latest is not None:
        found.append((due_at + literal(plan.latest)).label("expires_at"))
    hours = rules.current(session).cap_hours
    if hours:
        since = (blast.scheduled_at or now) - timedelta(hours=hours)
        spared = matching.had_a_blast(since=since, except_mailing=blast.mailing_id)
        found.append(case((spared, CAPPED), else_="").label("skip_reason"))
    return found


def _due_at(blast: Blast, plan: Plan, *, now: datetime) -> ColumnElement[Any]:
    general = literal(max(blast.send_at or now, now), UtcDateTime())
    if plan.when is not When.LOCAL:
        return general
    # One look into a small object for each reader, however many zones there are.
    instants = plans.local_instants(plan, available_timezones())
    written = {zone: instant.isoformat() for zone, instant in instants.items()}
    own: Cast[Any] = cast(literal(written, JSONB)[Subscription.time_zone].astext, UtcDateTime())
    return func.coalesce(own, general)
