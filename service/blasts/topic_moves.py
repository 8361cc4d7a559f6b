"""Giving one topic's place in audiences to another: in segments, and in blasts that are not over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.blasts.criteria import Criteria, check
from service.blasts.models import Blast, BlastState, Segment
from service.errors import Conflict, InvalidInput

#: Their audience is being read, or will be at any minute.
_UNDER_WAY = (BlastState.SCHEDULED, BlastState.SENDING, BlastState.PAUSED)
_OVER = (BlastState.SENT, BlastState.CANCELLED, BlastState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Audiences:
    """What names a topic."""

    segments: Sequence[Segment]
    blasts: Sequence[Blast]


def audiences(session: Session, newsletter_id: int, topic_id: int) -> Audiences:
    """Return the segments and blasts whose audience names this topic; blasts that are over are history."""
    segments = session.scalars(
        select(Segment).where(Segment.newsletter_id == newsletter_id).order_by(Segment.name)
    )
    blasts = session.scalars(
        select(Blast)
        .where(Blast.newsletter_id == newsletter_id, Blast.state.not_in(_OVER))
        .order_by(Blast.id)
    )
    return Audiences(
        [each for each in segments if topic_id in _topics(Criteria.read(each.definition))],
        [each for each in blasts if topic_id in {*each.topic_ids, *_topics(Criteria.read(each.audience))}],
    )


def check_merge(found: Audiences, gone: int, kept: int) -> None:
    """Refuse where an audience would ask for a topic and rule it out at once, or is being read.

    :raises Conflict: naming the segment or blast.
    """
    named = [(f"The segment “{each.name}”", Criteria.read(each.definition)) for each in found.segments]
    for each in found.blasts:
        named.append((f"The blast “{each.subject}”", _of_blast(each)))
        if each.state in _UNDER_WAY:
            raise Conflict(
                f"The blast “{each.subject}” goes to readers of this topic and is under way. Merge after it."
            )
    for name, criteria in named:
        try:
            check(_moved(criteria, gone, kept))
        except InvalidInput as error:
            raise Conflict(
                f"{name} asks for one of the two topics and rules the other out. Change it first."
            ) from error


def move(session: Session, found: Audiences, gone: int, kept: int) -> None:
    """Write the other topic wherever the one was named."""
    for segment in found.segments:
        segment.definition = _moved(Criteria.read(segment.definition), gone, kept).written()
    for blast in found.blasts:
        criteria = _moved(_of_blast(blast), gone, kept)
        blast.topic_ids = list(criteria.topics_any)
        blast.audience = criteria.without_topics().written()
        # Whoever has the page open is told that it is another audience now.
        blast.version += 1
    session.flush()


def _of_blast(blast: Blast) -> Criteria:
    return replace(Criteria.read(blast.audience), topics_any=tuple(blast.topic_ids))


def _topics(criteria: Criteria) -> set[int]:
    return {*criteria.topics_any, *criteria.topics_all, *criteria.topics_none}


def _moved(criteria: Criteria, gone: int, kept: int) -> Criteria:
    def moved(ids: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted({kept if each == gone else each for each in ids}))

    return replace(
        criteria,
        topics_any=moved(criteria.topics_any),
        topics_all=moved(criteria.topics_all),
        topics_none=moved(criteria.topics_none),
    )
