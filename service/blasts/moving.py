"""Puts a blast into another state, and writes it into the audit log."""

from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.blasts.models import Blast, BlastState

_ENDS = frozenset({BlastState.SENT, BlastState.CANCELLED, BlastState.EXPIRED})


def move(
    session: Session,
    blast: Blast,
    target: BlastState,
    *,
    action: str,
    actor: str,
    now: datetime,
    because: str = "",
) -> None:
    """Move a locked blast; where it is already, nothing happens. What is allowed, `lifecycle` says."""
    if blast.state is target:
        return
    before, blast.state = blast.state, target
    if target in _ENDS:
        blast.finished_at = now
    session.flush()
    why = because or blast.ended_because
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"blast {blast.id}",
        now=now,
        before={"state": before.value},
        after={"state": target.value, "confirmed_count": blast.confirmed_count}
        | ({"because": why} if why else {}),
    )
