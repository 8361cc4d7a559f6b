"""The audit log: who did what, append-only (the database refuses changes)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.db import Model


class AuditEntry(Model):
    """One action of an operator, a reader or the system itself."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: "operator 3", "reader", "system"; never an address.
    actor: Mapped[str]
    #: A verb in the past: "blast.started", "newsletter.changed".
    action: Mapped[str]
    #: "blast 12"
    subject: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]

    # The log is read backwards, a page at a time, often of one actor, action or subject.
    __table_args__ = (
        Index("ix_audit_entries_actor_id", "actor", "id"),
        Index("ix_audit_entries_action_id", "action", "id"),
        Index("ix_audit_entries_subject_id", "subject", "id"),
    )


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down one action in the transaction that performs it."""
    session.add(
        AuditEntry(
            at=now,
            actor=actor,
            action=action,
            subject=subject,
            before=before,
            after=after,
        )
    )
