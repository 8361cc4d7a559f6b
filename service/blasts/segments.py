"""Saved segments: audiences with a name, used by many blasts. Changing one reaches no blast that has it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service import audit
from service.blasts import choosing
from service.blasts.criteria import Criteria
from service.blasts.models import Blast, Segment
from service.errors import InvalidInput, NotFound
from service.newsletters import checks

LONGEST_NAME = 80


def list_of(session: Session, newsletter_id: int | None = None) -> Sequence[Segment]:
    """Return the segments of a newsletter, or of all, by name."""
    query = select(Segment).order_by(Segment.newsletter_id, func.lower(Segment.name))
    if newsletter_id is not None:
        query = query.where(Segment.newsletter_id == newsletter_id)
    return session.scalars(query).all()


def get(session: Session, segment_id: int) -> Segment:
    """:raises NotFound: there is none."""
    segment = session.get(Segment, segment_id)
    if segment is None:
        raise NotFound("There is no such segment; somebody may have deleted it.")
    return segment


def create(
    session: Session, newsletter_id: int, *, name: str, criteria: Criteria, actor: str, now: datetime
) -> Segment:
    """Save an audience under a name.

    :raises InvalidInput: the name is empty or taken, or the criteria cannot be.
    """
    segment = Segment(
        newsletter_id=newsletter_id,
        name=_name(session, newsletter_id, name, but=None),
        definition=_definition(session, newsletter_id, criteria),
        created_at=now,
    )
    session.add(segment)
    session.flush()
    _record(session, segment, "segment.created", actor=actor, now=now, after=_facts(segment))
    return segment


def edit(
    session: Session, segment_id: int, *, name: str, criteria: Criteria, actor: str, now: datetime
) -> Segment:
    """Change a segment; drafts that took their audience from it keep what they took.

    :raises InvalidInput: the name is empty or taken, or the criteria cannot be.
    """
    segment = _locked(session, segment_id)
    before = _facts(segment)
    segment.name = _name(session, segment.newsletter_id, name, but=segment.id)
    segment.definition = _definition(session, segment.newsletter_id, criteria)
    if _facts(segment) != before:
        segment.changed_at = now
        session.flush()
        _record(
            session, segment, "segment.changed", actor=actor, now=now, before=before, after=_facts(segment)
        )
    return segment


def delete(session: Session, segment_id: int, *, actor: str, now: datetime) -> None:
    """Throw a segment away; blasts keep the audience that they took from it."""
    segment = _locked(session, segment_id)
    session.execute(update(Blast).where(Blast.segment_id == segment_id).values(segment_id=None))
    _record(session, segment, "segment.deleted", actor=actor, now=now, before=_facts(segment))
    session.delete(segment)
    session.flush()


def _locked(session: Session, segment_id: int) -> Segment:
    segment = session.get(Segment, segment_id, with_for_update=True, populate_existing=True)
    if segment is None:
        raise NotFound("There is no such segment; somebody may have deleted it.")
    return segment


def _definition(session: Session, newsletter_id: int, criteria: Criteria) -> dict[str, object]:
    choosing.check(session, newsletter_id, criteria)
    if criteria.is_everybody:
        raise InvalidInput(
            "Choose at least one condition; a segment of everybody is not needed.", field="name"
        )
    return criteria.written()


def _name(session: Session, newsletter_id: int, name: str, *, but: int | None) -> str:
    clean = checks.line(
        name, field="name", longest=LONGEST_NAME, required="Give it a name that colleagues understand."
    )
    taken = session.scalar(
        select(Segment.id).where(Segment.newsletter_id == newsletter_id, Segment.name == clean)
    )
    if taken is not None and taken != but:
        raise InvalidInput("Another segment has this name.", field="name")
    return clean


def _facts(segment: Segment) -> dict[str, object]:
    return {"name": segment.name, **choosing.facts(Criteria.read(segment.definition))}


def _record(
    session: Session,
    segment: Segment,
    action: str,
    *,
    actor: str,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"segment {segment.id}",
        now=now,
        before=before,
        after=after,
    )
