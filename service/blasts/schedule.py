"""From the confirmed number to the first mail: schedules, approves, takes back, drops what is late."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.blasts import audience, drafts, first_part, frozen, lifecycle, plans, readiness, rules
from service.blasts.lifecycle import Move
from service.blasts.models import Blast, BlastState
from service.blasts.moving import move
from service.blasts.plans import Plan, When
from service.errors import Conflict
from service.links import Links

_WAITING = (BlastState.AWAITING, BlastState.SCHEDULED)


def confirm(
    session: Session,
    blast_id: int,
    *,
    confirmed_count: int,
    seen: str,
    operator_id: int,
    links: Links,
    now: datetime,
) -> Blast:
    """Schedule a draft, or hand it to a second sender where the rules want one. Nothing leaves at once.

    Confirming what is confirmed already changes nothing: a double click, or a form that was sent again.

    :raises Conflict: it was changed after it was seen, something is missing, or the audience has changed.
    :raises InvalidInput: its time is over.
    """
    blast = drafts.locked(session, blast_id)
    if blast.state is not BlastState.DRAFT and frozen.fingerprint(blast) == seen:
        return blast
    target = lifecycle.after(blast.state, Move.SCHEDULE)
    frozen.check(blast, seen)
    readiness.check(session, blast, links=links)
    count = audience.count(session, blast, now=now)
    check_count(count, confirmed_count)
    plan = Plan.read(blast.plan)
    plans.check(plan)
    first_part.check(blast, plan, count=count)
    blast.send_at = _instant(session, blast, plan, now=now)
    blast.scheduled_at, blast.confirmed_count, blast.requested_by = now, count, operator_id
    above = rules.current(session).second_person_above
    actor = f"operator {operator_id}"
    if above is not None and count > above:
        target = lifecycle.after(blast.state, Move.ASK)
        move(session, blast, target, action="blast.approval_asked", actor=actor, now=now)
    else:
        move(session, blast, target, action="blast.scheduled", actor=actor, now=now)
    return blast


def approve(session: Session, blast_id: int, *, seen: str, operator_id: int, now: datetime) -> Blast:
    """Let a blast go that another sender has confirmed; its minute begins anew.

    :raises Conflict: it is one's own, does not wait for this any more, or is not what was seen.
    """
    blast = drafts.locked(session, blast_id)
    if blast.state is BlastState.SCHEDULED and blast.approved_by == operator_id:
        return blast
    if blast.state is not BlastState.AWAITING:
        raise Conflict("This blast does not wait for an approval any more. Look at what became of it.")
    if blast.requested_by == operator_id:
        raise Conflict("You confirmed this blast yourself; another sender has to approve it.")
    frozen.check(blast, seen)
    target = lifecycle.after(blast.state, Move.SCHEDULE)
    blast.approved_by = operator_id
    blast.send_at = max(blast.send_at or now, now + rules.current(session).undo)
    move(session, blast, target, action="blast.approved", actor=f"operator {operator_id}", now=now)
    return blast


def unschedule(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Make it a draft again; nobody has got it. A draft stays one.

    :raises Conflict: it has begun: then it can be paused and cancelled.
    """
    blast = drafts.locked(session, blast_id)
    target = lifecycle.after(blast.state, Move.UNSCHEDULE)
    if blast.state is BlastState.DRAFT:
        return blast
    move(session, blast, target, action="blast.unscheduled", actor=actor, now=now)
    blast.send_at = blast.scheduled_at = blast.requested_by = blast.approved_by = blast.confirmed_count = None
    # A confirmation that comes again (a slow line, the back button) is for what was before this.
    blast.version += 1
    session.flush()
    return blast


def next_due(session: Session, *, but: Collection[int] = (), now: datetime) -> Blast | None:
    """Lock the next scheduled blast whose time has come, passing over what another process begins, and `but`
    these.
    """
    return session.scalars(
        select(Blast)
        .where(Blast.state == BlastState.SCHEDULED, Blast.send_at <= now, Blast.id.not_in(but))
        .order_by(Blast.send_at, Blast.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def is_too_late(blast: Blast, *, now: datetime) -> bool:
    """Say whether its latest time is over; with each reader's own hour, for the last of them."""
    plan = Plan.read(blast.plan)
    if plan.latest is None or blast.send_at is None:
        return False
    last = blast.send_at + plans.A_DAY if plan.when is When.LOCAL else blast.send_at
    return now > last + plan.latest


def expire(session: Session, *, now: datetime) -> list[Blast]:
    """Drop what waits and is too late: a mail that comes when it is no use any more is worse than none."""
    waiting = session.scalars(
        select(Blast).where(Blast.state.in_(_WAITING), Blast.send_at <= now).with_for_update(skip_locked=True)
    ).all()
    late = [blast for blast in waiting if is_too_late(blast, now=now)]
    for blast in late:
        why = "nobody had approved it" if blast.state is BlastState.AWAITING else "nothing could begin it"
        blast.ended_because = f"When its latest time was over, {why}. Nobody got it."
        target = lifecycle.after(blast.state, Move.EXPIRE)
        move(session, blast, target, action="blast.expired", actor="system", now=now)
    return late


def refuse(session: Session, blast: Blast, why: str, *, now: datetime) -> None:
    """Drop a locked blast that cannot be sent as it was confirmed; the overview tells of it for a week."""
    blast.ended_because = f"When its time had come, it could not be sent any more. {why} Nobody got it."
    target = lifecycle.after(blast.state, Move.EXPIRE)
    move(session, blast, target, action="blast.refused", actor="system", now=now)


def check_count(live: int, confirmed: int) -> None:
    """:raises Conflict: nobody is there, or others than were confirmed."""
    if live == 0:
        raise Conflict("Nobody would get this blast: no active reader has consented to announcements here.")
    if live != confirmed:
        raise Conflict(
            f"The audience has changed: you confirmed {confirmed:,} readers, now there are {live:,}. "
            "Look again and confirm the new number."
        )


def _instant(session: Session, blast: Blast, plan: Plan, *, now: datetime) -> datetime:
    zones = audience.zones(session, blast, now=now) if plan.when is When.LOCAL else ()
    return plans.first_instant(plan, zones=zones, undo=rules.current(session).undo, now=now)
