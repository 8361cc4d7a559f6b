"""Whether a blast has a public page: decided while it is written, and changed at any time afterwards."""

from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.blasts.drafts import locked
from service.blasts.models import Blast


def publish(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Show it in the archive once it is sent.

    :raises NotFound: there is no such blast.
    """
    return _set(session, blast_id, in_archive=True, actor=actor, now=now)


def withhold(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Keep it out of the archive; who got the mail has it all the same.

    :raises NotFound: there is no such blast.
    """
    return _set(session, blast_id, in_archive=False, actor=actor, now=now)


def _set(session: Session, blast_id: int, *, in_archive: bool, actor: str, now: datetime) -> Blast:
    blast = locked(session, blast_id)
    if blast.in_archive is not in_archive:
        blast.in_archive = in_archive
        session.flush()
        audit.record(
            session,
            actor=actor,
            action="blast.published" if in_archive else "blast.withheld",
            subject=f"blast {blast.id}",
            now=now,
        )
    return blast
