"""Blasts made from blasts: a copy, the same again to those who did not get it; and putting away."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.blasts import audience, drafts
from service.blasts.criteria import Criteria
from service.blasts.models import Blast, BlastState
from service.delivery.models import Mailing
from service.errors import Conflict, NotFound

_OVER = frozenset({BlastState.SENT, BlastState.CANCELLED, BlastState.EXPIRED})


def copy(session: Session, blast_id: int, *, operator_id: int, now: datetime) -> Blast:
    """Make a draft with the same text and audience; it goes when somebody sends it, and not before."""
    source = _get(session, blast_id)
    return _draft(session, source, audience.of(source), "blast.copied", operator_id=operator_id, now=now)


def resend(session: Session, blast_id: int, *, operator_id: int, now: datetime) -> Blast:
    """Make a draft of the same text to whoever was to get it and for certain did not.

    Those it failed for, who were skipped, and whose mail was cancelled or came too late; never who has it,
    nor of whom it is not known. Of one that was cancelled before everybody was listed, all the others of its
    audience. Consent is looked at again, as always.

    :raises Conflict: it is not over yet.
    """
    source = _get(session, blast_id)
    if source.state not in _OVER or source.mailing_id is None:
        raise Conflict("This blast is not over yet: whoever has not got it may still get it.")
    wanted = Criteria(missed=source.mailing_id)
    if not session.get_one(Mailing, source.mailing_id).planned:
        was = audience.of(source)
        wanted = replace(was, served=(*was.served, source.mailing_id))
    return _draft(session, source, wanted, "blast.resent_to_missed", operator_id=operator_id, now=now)


def archive(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Put a blast away from the list; twice is once.

    :raises Conflict: it is not over yet.
    """
    blast = drafts.locked(session, blast_id)
    if blast.state not in _OVER:
        raise Conflict("Only a blast that is over can be put away.")
    if blast.archived_at is None:
        blast.archived_at = now
        session.flush()
        _record(session, blast, "blast.archived", actor=actor, now=now)
    return blast


def unarchive(session: Session, blast_id: int, *, actor: str, now: datetime) -> Blast:
    """Show it in the list again."""
    blast = drafts.locked(session, blast_id)
    if blast.archived_at is not None:
        blast.archived_at = None
        session.flush()
        _record(session, blast, "blast.unarchived", actor=actor, now=now)
    return blast


def _draft(
    session: Session, source: Blast, wanted: Criteria, action: str, *, operator_id: int, now: datetime
) -> Blast:
    made = Blast(
        newsletter_id=source.newsletter_id,
        subject=source.subject,
        preheader=source.preheader,
        body_markdown=source.body_markdown,
        blocks=source.blocks,
        topic_ids=list(wanted.topics_any),
        audience=wanted.without_topics().written(),
        in_archive=source.in_archive,
        state=BlastState.DRAFT,
        created_by=operator_id,
        created_at=now,
    )
    session.add(made)
    session.flush()
    _record(
        session,
        made,
        action,
        actor=f"operator {operator_id}",
        now=now,
        after={"source": f"blast {source.id}"},
    )
    return made


def _get(session: Session, blast_id: int) -> Blast:
    blast = session.get(Blast, blast_id)
    if blast is None:
        raise NotFound("There is no such blast.")
    return blast


def _record(
    session: Session,
    blast: Blast,
    action: str,
    *,
    actor: str,
    now: datetime,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(session, actor=actor, action=action, subject=f"blast {blast.id}", now=now, after=after)
