"""A part of the audience goes first; what becomes of it decides whether, and how, the rest goes."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.blasts import audience, clicks, plans
from service.blasts.audience import Draw
from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan
from service.delivery import accounting
from service.errors import Conflict

#: Of the first part, so much must have an outcome before the rest goes: a slow relay says nothing yet.
ENOUGH_DONE = 0.9


def check(blast: Blast, plan: Plan, *, count: int) -> None:
    """:raises Conflict: nothing could be learned from the first part."""
    if plan.first_percent is None:
        if blast.subject_b:
            raise Conflict("Two subjects are compared in a first part; choose how many readers are in it.")
        return
    if blast.subject_b and blast.subject_b == blast.subject:
        raise Conflict("The two subjects are the same; there is nothing to compare.")
    expected = count * plan.first_percent // 100
    if expected < plans.LEAST_FIRST:
        raise Conflict(
            f"{plan.first_percent} % of {count:,} readers are {expected}: too few to learn anything from. "
            f"Choose a larger first part, of {plans.LEAST_FIRST} readers at least, or send to all at once."
        )


def draw(blast: Blast) -> Draw | None:
    """Return who is to be written into the ledger now: all (None), the first part, or the rest."""
    percent = Plan.read(blast.plan).first_percent
    if percent is None:
        return None
    is_first = blast.released_at is None
    return Draw(percent, first=is_first, variants=2 if is_first and blast.subject_b else 1)


def variants(blast: Blast) -> tuple[int, ...]:
    """Return the subjects that the readers of this part get: both, or the better one."""
    if blast.subject_b and blast.released_at is None and draw(blast) is not None:
        return (0, 1)
    return (blast.winner or 0,)


def hold(blast: Blast, *, now: datetime) -> None:
    """Say until when the rest waits, once every row of the first part is written."""
    blast.held_until = now + timedelta(minutes=Plan.read(blast.plan).hold_minutes)


def release_due(session: Session, *, now: datetime) -> int:
    """Let the rest of blasts go whose first part has gone well; return how many."""
    held = session.scalars(
        select(Blast)
        .where(
            Blast.state == BlastState.SENDING,
            Blast.held_until <= now,
            Blast.released_at.is_(None),
            Blast.fan_out_after.is_(None),
        )
        .order_by(Blast.id)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_release(session, blast, now=now) for blast in held)


def _release(session: Session, blast: Blast, *, now: datetime) -> bool:
    mailing_id = blast.mailing_id or 0
    account = accounting.accounts(session, [mailing_id])[mailing_id]
    if account.done < ENOUGH_DONE * account.eligible:
        return False
    found = clicks.people(session, mailing_id) if blast.subject_b else {}
    if blast.subject_b:
        blast.winner = clicks.better(found)
    blast.released_at = now
    who = audience.measure(session, blast, now=now)
    blast.fan_out_after, blast.fan_out_until = who.after_id, max(who.until_id, blast.fan_out_until or 0)
    session.flush()
    audit.record(
        session,
        actor="system",
        action="blast.released",
        subject=f"blast {blast.id}",
        now=now,
        after={"done": account.done, "winner": blast.winner, "clicks": {str(k): n for k, n in found.items()}},
    )
    return True
