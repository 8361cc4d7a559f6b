"""The latest change of a blast's words: what they are now, who wrote them, and when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts import composition, content
from service.blasts.models import Blast
from service.ops import actors


@dataclass(frozen=True, slots=True)
class Change:
    """A blast as somebody has left it."""

    author: str
    at: datetime
    subject: str
    preheader: str
    #: The opening text and the blocks, as Markdown.
    text: str


def latest(session: Session, blast: Blast) -> Change:
    """Return what is kept of a blast now, with its last author."""
    entry = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject == f"blast {blast.id}",
            AuditEntry.action.in_(["blast.created", "blast.changed"]),
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()
    actor = entry.actor if entry else f"operator {blast.created_by}"
    said = content.of(session, blast)
    return Change(
        author=actors.names(session, [actor])[actor],
        at=entry.at if entry else blast.created_at,
        subject=said.subject,
        preheader=said.preheader,
        text=composition.whole_markdown(said.markdown, said.blocks, said.stories),
    )
