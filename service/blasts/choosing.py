"""What an operator chooses for a draft beside its text: who gets it, when, and in which parts."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.blasts import criteria as criterion
from service.blasts import drafts, lifecycle, plans
from service.blasts.criteria import Criteria
from service.blasts.drafts import checked_subject
from service.blasts.models import Blast, Segment
from service.blasts.plans import Plan
from service.errors import InvalidInput
from service.newsletters.models import Topic


def set_audience(
    session: Session,
    blast_id: int,
    criteria: Criteria,
    *,
    segment_id: int | None = None,
    actor: str,
    now: datetime,
) -> Blast:
    """Say who gets a draft; `segment_id` only remembers where the criteria came from.

    :raises Conflict: it is no draft any more.
    :raises InvalidInput: the criteria cannot be, or name what this newsletter does not have.
    """
    blast = drafts.locked(session, blast_id)
    lifecycle.check_editable(blast.state)
    check(session, blast.newsletter_id, criteria)
    before = _audience(blast)
    blast.topic_ids = sorted(set(criteria.topics_any))
    blast.audience = criteria.without_topics().written()
    blast.segment_id = segment_id
    session.flush()
    _record(session, blast, "blast.audience_chosen", before, _audience(blast), actor=actor, now=now)
    return blast


def use(session: Session, blast_id: int, segment_id: int, *, actor: str, now: datetime) -> Blast:
    """Give a draft the audience of a segment, as the segment is now.

    :raises InvalidInput: the segment is another newsletter's, or gone.
    """
    blast = drafts.locked(session, blast_id)
    segment = session.get(Segment, segment_id)
    if segment is None or segment.newsletter_id != blast.newsletter_id:
        raise InvalidInput("This segment does not belong to the newsletter.", field="segment_id")
    criteria = Criteria.read(segment.definition)
    return set_audience(session, blast_id, criteria, segment_id=segment.id, actor=actor, now=now)


def set_plan(
    session: Session, blast_id: int, plan: Plan, *, subject_b: str = "", actor: str, now: datetime
) -> Blast:
    """Say when a draft shall go, in which parts, and with which second subject, if any.

    :raises Conflict: it is no draft any more.
    :raises InvalidInput: the plan cannot be.
    """
    blast = drafts.locked(session, blast_id)
    lifecycle.check_editable(blast.state)
    plans.check(plan)
    second = checked_subject(subject_b, field="subject_b")
    if second and plan.first_percent is None:
        raise InvalidInput("Two subjects are compared in a first part; switch that on.", field="subject_b")
    if second and second == blast.subject:
        raise InvalidInput("This is the first subject; write another one.", field="subject_b")
    before: dict[str, object] = {"plan": dict(blast.plan), "subject_b": blast.subject_b}
    blast.plan, blast.subject_b = plan.written(), second
    session.flush()
    after: dict[str, object] = {"plan": dict(blast.plan), "subject_b": blast.subject_b}
    _record(session, blast, "blast.planned", before, after, actor=actor, now=now)
    return blast


def check(session: Session, newsletter_id: int, criteria: Criteria) -> None:
    """:raises InvalidInput: the criteria cannot be, or name what this newsletter does not have."""
    criterion.check(criteria)
    for field in ("topics_any", "topics_all", "topics_none"):
        wanted = set(getattr(criteria, field))
        known = select(Topic.id).where(Topic.newsletter_id == newsletter_id, Topic.id.in_(wanted))
        if set(session.scalars(known)) != wanted:
            raise InvalidInput("One of these topics does not belong to this newsletter.", field=field)


def facts(criteria: Criteria) -> dict[str, object]:
    """Return criteria for the audit log: a list by its length, not by its members."""
    written = replace(criteria, listed=None).written()
    return written | ({} if criteria.listed is None else {"listed": len(criteria.listed)})


def _audience(blast: Blast) -> dict[str, object]:
    criteria = replace(Criteria.read(blast.audience), topics_any=tuple(blast.topic_ids))
    return facts(criteria) | ({"segment": blast.segment_id} if blast.segment_id else {})


def _record(
    session: Session,
    blast: Blast,
    action: str,
    before: dict[str, object],
    after: dict[str, object],
    *,
    actor: str,
    now: datetime,
) -> None:
    if before != after:
        audit.record(
            session,
            actor=actor,
            action=action,
            subject=f"blast {blast.id}",
            now=now,
            before=before,
            after=after,
        )
