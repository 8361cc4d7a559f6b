"""Stops a blast by itself: when too much of what was sent fails, bounces, or is complained about."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.blasts import rules
from service.blasts.models import Blast, BlastState
from service.blasts.moving import move
from service.blasts.rules import Rules
from service.delivery import accounting, mailings
from service.delivery.models import Event, Mailing, MailingState

#: One angry reader is no pattern.
LEAST_EVENTS = 3


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a blast so far, in messages."""

    sent: int
    failed: int
    bounced: int
    complained: int


def health(session: Session, mailing_id: int) -> Health:
    """Count without reading the ledger: from its counters, and from what came back."""
    account = accounting.accounts(session, [mailing_id])[mailing_id]
    came: dict[str, int] = dict(
        session.execute(
            select(Event.kind, func.count()).where(Event.mailing_id == mailing_id).group_by(Event.kind)
        ).all()
    )
    return Health(
        sent=account.sent,
        failed=sum(account.failed.values()),
        bounced=came.get("hard_bounce", 0),
        complained=came.get("complaint", 0),
    )


def verdict(found: Health, limits: Rules) -> str | None:
    """Say in a sentence what is too much; None when all is well (pure)."""
    looks = (
        ("failed", found.failed, found.sent + found.failed, limits.error_percent),
        ("bounced", found.bounced, found.sent, limits.bounce_percent),
        ("were reported as spam", found.complained, found.sent, limits.complaint_percent),
    )
    for what, n, whole, percent in looks:
        if n >= LEAST_EVENTS and n * 100 > percent * whole:
            share = 100 * n / max(whole, 1)
            return f"{n:,} of {whole:,} mails {what} ({share:.1f} %); the limit is {percent:g} %."
    return None


def stop_bad(session: Session, *, now: datetime) -> list[Blast]:
    """Pause every blast on its way that passes a limit; return those."""
    limits = rules.current(session)
    sending = session.scalars(
        select(Blast)
        .where(Blast.state == BlastState.SENDING, Blast.watched, Blast.mailing_id.is_not(None))
        .order_by(Blast.id)
        .with_for_update(skip_locked=True)
    ).all()
    stopped = []
    for blast in sending:
        mailing_id = blast.mailing_id or 0
        why = verdict(health(session, mailing_id), limits)
        state = session.scalar(select(Mailing.state).where(Mailing.id == mailing_id))
        if why is not None and state is MailingState.SENDING:
            mailings.pause(session, mailing_id, now=now, by=mailings.SYSTEM, reason=why)
            move(
                session,
                blast,
                BlastState.PAUSED,
                action="blast.paused",
                actor=mailings.SYSTEM,
                now=now,
                because=why,
            )
            stopped.append(blast)
    return stopped
