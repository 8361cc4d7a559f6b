"""Starts, fans out, holds and ends a blast; each move holds from its commit on, and is in the audit log."""

import logging
import time
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from service.blasts import (
    audience,
    first_part,
    lifecycle,
    readiness,
    recipes,
    schedule,
    timing,
    watching,
)
from service.blasts.drafts import locked
from service.blasts.lifecycle import Move
from service.blasts.models import Blast, BlastState
from service.blasts.moving import move
from service.db import Sessions, transaction
from service.delivery import mailings, planning
from service.delivery.models import Mailing, MailingState, Stream
from service.links import Links

log = logging.getLogger(__name__)

KIND = "blast"
#: Subscription ids per transaction of the fan-out: a fraction of a second; no row passes through the worker.
SLICE = 20_000
#: A pass begins no slice after so many seconds: tasks have an end, and the tick wakes the next pass.
PASS_SECONDS = 60.0


def start(
    session: Session, blast_id: int, *, confirmed_count: int, links: Links, actor: str, now: datetime
) -> Blast:
    """Send a draft without the minute in which it can be taken back: for commands, never for a page.

    Starting what has begun changes nothing.

    :raises Conflict: when something is missing, or the audience is not the one that was confirmed.
    """
    blast = locked(session, blast_id)
    if blast.started_at is not None and blast.state is not BlastState.CANCELLED:
        return blast
    lifecycle.after(blast.state, Move.START)
    readiness.check(session, blast, links=links)
    schedule.check_count(audience.count(session, blast, now=now), confirmed_count)
    blast.confirmed_count = confirmed_count
    begin(session, blast, links=links, actor=actor, now=now)
    return blast


def begin(session: Session, blast: Blast, *, links: Links, actor: str, now: datetime) -> None:
    """Open the mailing of a locked blast and freeze between which ids its audience is."""
    target = lifecycle.after(blast.state, Move.START)
    who = audience.measure(session, blast, now=now)
    mailing = mailings.open_mailing(
        session,
        stream=Stream.BLAST,
        cause=f"blast {blast.id}",
        title=blast.subject,
        list_id=blast.newsletter_id,
        now=now,
    )
    blast.mailing_id = mailing.id
    blast.recipe_id = recipes.make(
        session, blast, mailing_id=mailing.id, locales=who.locales, links=links, now=now
    )
    blast.fan_out_after, blast.fan_out_until = who.after_id, who.until_id
    blast.started_at = now
    move(session, blast, target, action="blast.started", actor=actor, now=now)


def start_due(sessions: Sessions, *, links: Links, now: datetime) -> int:
    """Begin every scheduled blast whose time has come, and drop those whose latest time is over, or which
    cannot be sent any more; return how many began. Each is a transaction of its own: one that cannot begin
    holds up no other.
    """
    with transaction(sessions) as session:
        for late in schedule.expire(session, now=now):
            _tell_dropped(late)
    tried: list[int] = []
    begun = 0
    while True:
        with transaction(sessions) as session:
            blast = schedule.next_due(session, but=tried, now=now)
            if blast is None:
                return begun
            tried.append(blast.id)
            try:
                with session.begin_nested():
                    begun += _begin_or_refuse(session, blast, links=links, now=now)
            except Exception:  # the next tick tries it again; the others must not wait for it
                log.exception("Blast %s could not begin.", tried[-1], extra={"blast_id": tried[-1]})


def keep_watch(sessions: Sessions, *, now: datetime) -> None:
    """Stop what goes badly, then let the rest of what went well go."""
    with transaction(sessions) as session:
        for blast in watching.stop_bad(session, now=now):
            log.error("Blast %s was paused by itself.", blast.id, extra={"blast_id": blast.id})
    with transaction(sessions) as session:
        first_part.release_due(session, now=now)


def pause(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Hold what has not left; windows in flight finish."""
    blast = _synced(session, blast_id, now=now)
    target = lifecycle.after(blast.state, Move.PAUSE)
    if blast.mailing_id is not None:
        mailings.pause(session, blast.mailing_id, now=now, by=actor)
    move(session, blast, target, action="blast.paused", actor=actor, now=now)
    return blast


def resume(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Go on with a paused blast."""
    blast = _synced(session, blast_id, now=now)
    target = lifecycle.after(blast.state, Move.RESUME)
    if blast.mailing_id is not None:
        mailing = session.get_one(Mailing, blast.mailing_id)
        if mailing.paused_by == mailings.SYSTEM:
            # Whoever goes on has seen the numbers; the same ones would stop it again at once.
            blast.watched = False
        mailings.resume(session, blast.mailing_id, now=now)
    move(session, blast, target, action="blast.resumed", actor=actor, now=now)
    return blast


def cancel(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """End a blast for good: whoever has not got it will not."""
    blast = _synced(session, blast_id, now=now)
    target = lifecycle.after(blast.state, Move.CANCEL)
    if blast.mailing_id is not None:
        mailings.stop(session, blast.mailing_id, now=now)
    blast.fan_out_after = None
    move(session, blast, target, action="blast.cancelled", actor=actor, now=now)
    return blast


def fan_out(sessions: Sessions, *, now: datetime, seconds: float = PASS_SECONDS) -> int:
    """Write the ledger rows of every blast that has begun, also of those that are held; return how many.

    A slice and its checkpoint are one transaction: a worker that is killed leaves nothing half done, and
    five at once take one blast each.
    """
    total = 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with transaction(sessions) as session:
            blast = _next_to_fan_out(session)
            if blast is None:
                break
            total += fan_out_slice(session, blast, now=now)
    with transaction(sessions) as session:
        finish_done(session, now=now)
    return total


def fan_out_slice(session: Session, blast: Blast, *, now: datetime) -> int:
    """Write the next rows of a locked blast and move its checkpoint; after the last, planning is over, or the
    rest begins to wait.
    """
    if blast.mailing_id is None or blast.fan_out_after is None:
        return 0
    until = blast.fan_out_until or 0
    up_to = min(blast.fan_out_after + SLICE, until)
    mailing, new = session.get_one(Mailing, blast.mailing_id), 0
    terms = timing.terms(session, blast, now=now)
    drawn = first_part.draw(blast)
    for variant in first_part.variants(blast):
        for recipe_id, reads in recipes.by_language(session, blast, variant=variant):
            readers = audience.within(
                blast,
                after_id=blast.fan_out_after,
                up_to_id=up_to,
                reads=reads,
                now=now,
                draw=drawn,
                variant=variant,
            ).add_columns(*terms)
            new += planning.put_audience(
                session, mailing, readers, kind=KIND, recipe_id=recipe_id, variant=variant, now=now
            )
    if up_to < until:
        blast.fan_out_after = up_to
    else:
        blast.fan_out_after = None
        if drawn is not None and drawn.first:
            first_part.hold(blast, now=now)
        else:
            mailings.finish_planning(session, blast.mailing_id, now=now)
    session.flush()
    return new


def finish_done(session: Session, *, now: datetime) -> int:
    """Mark blasts whose mailing has closed, or was paused by its breaker; return how many."""
    rows = session.execute(
        select(Blast, Mailing.state)
        .join(Mailing, Mailing.id == Blast.mailing_id)
        .where(
            or_(
                and_(
                    Blast.state.in_([BlastState.SENDING, BlastState.PAUSED]),
                    Mailing.state.in_([MailingState.FINISHED, MailingState.STOPPED]),
                ),
                and_(Blast.state == BlastState.SENDING, Mailing.state == MailingState.PAUSED),
            )
        )
        .with_for_update(of=Blast, skip_locked=True)
    ).all()
    for blast, mailing_state in rows:
        _follow(session, blast, mailing_state, now=now)
    session.flush()
    return len(rows)


def _begin_or_refuse(session: Session, blast: Blast, *, links: Links, now: datetime) -> bool:
    """Begin it if it is still what may be sent: since it was confirmed, an article may have been withdrawn,
    or the newsletter closed.
    """
    missing = readiness.missing(session, blast, links=links)
    if missing:
        schedule.refuse(session, blast, " ".join(missing), now=now)
        _tell_dropped(blast)
        return False
    begin(session, blast, links=links, actor="system", now=now)
    return True


def _tell_dropped(blast: Blast) -> None:
    log.error("Blast %s was dropped: %s", blast.id, blast.ended_because, extra={"blast_id": blast.id})


def _next_to_fan_out(session: Session) -> Blast | None:
    return session.scalars(
        select(Blast)
        .where(Blast.state.in_([BlastState.SENDING, BlastState.PAUSED]), Blast.fan_out_after.is_not(None))
        .order_by(Blast.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def _synced(session: Session, blast_id: int, *, now: datetime) -> Blast:
    """Lock the blast and let it see first what its mailing has become."""
    blast = locked(session, blast_id)
    mailing = session.get(Mailing, blast.mailing_id) if blast.mailing_id is not None else None
    if mailing is not None and blast.state in {BlastState.SENDING, BlastState.PAUSED}:
        _follow(session, blast, mailing.state, now=now)
    return blast


def _follow(session: Session, blast: Blast, mailing_state: MailingState, *, now: datetime) -> None:
    if mailing_state is MailingState.FINISHED:
        move(session, blast, BlastState.SENT, action="blast.finished", actor="system", now=now)
    elif mailing_state is MailingState.STOPPED:
        blast.fan_out_after = None
        move(session, blast, BlastState.CANCELLED, action="blast.cancelled", actor="system", now=now)
    elif mailing_state is MailingState.PAUSED:
        move(session, blast, BlastState.PAUSED, action="blast.paused", actor="system", now=now)
