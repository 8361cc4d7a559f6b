"""Blasts with their accounts, as operators see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session, joinedload

from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan, When
from service.delivery.models import MailingState
from service.errors import NotFound
from service.newsletters.models import Topic
from service.operators.models import Operator
from service.ops import queue
from service.ops.missed import TOLD_FOR
from service.ops.queue import Line

#: What an operator works on stands before what is over.
_ORDER = case(
    (Blast.state.in_([BlastState.SENDING, BlastState.PAUSED]), 0),
    (Blast.state.in_([BlastState.SCHEDULED, BlastState.AWAITING]), 1),
    (Blast.state == BlastState.DRAFT, 2),
    else_=3,
)


@dataclass(frozen=True, slots=True)
class BlastLine:
    """One blast; `line` is its mailing once it has begun."""

    blast_id: int
    newsletter_id: int
    newsletter: str
    subject: str
    state: BlastState
    #: Names of the topics; empty means everybody who consented.
    topics: tuple[str, ...]
    #: Whether more than topics narrows its audience.
    narrowed: bool
    author: str
    created_at: datetime
    #: Who confirmed it, and who approved it; empty where nobody did.
    requested_by: str
    requested_id: int | None
    approved_by: str
    #: Not before this; None while it is a draft.
    send_at: datetime | None
    #: It goes at each reader's own hour.
    local: bool
    #: Percent of a first part, None without; until when the rest waits, and since when it goes.
    first_percent: int | None
    held_until: datetime | None
    released_at: datetime | None
    #: The second subject of a comparison, and the variant that the rest gets.
    subject_b: str
    winner: int | None
    ended_because: str
    archived_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    confirmed_count: int | None
    #: True while ledger rows are still being written.
    fanning_out: bool
    line: Line | None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A blast that nobody got because its latest time was over, and why."""

    blast_id: int
    subject: str
    because: str


def list_all(session: Session, *, archived: bool = False, limit: int = 100) -> list[BlastLine]:
    """Return the latest blasts: those being sent, then what waits, drafts, and what is over; or, apart from
    them, those that were put away.
    """
    shown = Blast.archived_at.is_not(None) if archived else Blast.archived_at.is_(None)
    query = _blasts().where(shown).order_by(_ORDER, Blast.id.desc()).limit(limit)
    return _lines(session, session.scalars(query).all())


def get(session: Session, blast_id: int) -> BlastLine:
    """Return one blast.

    :raises NotFound: there is none with this id.
    """
    found = session.scalars(_blasts().where(Blast.id == blast_id)).all()
    if not found:
        raise NotFound("There is no such blast; a draft may have been deleted.")
    return _lines(session, found)[0]


def list_dropped(session: Session, *, now: datetime) -> list[Dropped]:
    """Return the blasts of the last week that could not begin, newest first."""
    rows = session.execute(
        select(Blast.id, Blast.subject, Blast.ended_because)
        .where(Blast.state == BlastState.EXPIRED, Blast.finished_at >= now - TOLD_FOR)
        .order_by(Blast.id.desc())
    )
    return [Dropped(*row) for row in rows]


def _blasts() -> Select[Blast]:
    return select(Blast).options(joinedload(Blast.newsletter)).execution_options(populate_existing=True)


def _lines(session: Session, blasts: Sequence[Blast]) -> list[BlastLine]:
    lines = queue.get_many(session, [each.mailing_id for each in blasts if each.mailing_id is not None])
    topics = _names(session, {key for each in blasts for key in each.topic_ids})
    people = {each.created_by for each in blasts}
    people |= {key for each in blasts for key in (each.requested_by, each.approved_by) if key is not None}
    authors = _authors(session, people)
    plans = {each.id: Plan.read(each.plan) for each in blasts}
    return [
        BlastLine(
            blast_id=each.id,
            newsletter_id=each.newsletter_id,
            newsletter=each.newsletter.name,
            subject=each.subject,
            state=_state(each, lines.get(each.mailing_id) if each.mailing_id is not None else None),
            topics=tuple(topics[key] for key in each.topic_ids if key in topics),
            narrowed=bool(each.audience),
            author=authors.get(each.created_by, "somebody"),
            created_at=each.created_at,
            requested_by=authors.get(each.requested_by or 0, ""),
            requested_id=each.requested_by,
            approved_by=authors.get(each.approved_by or 0, ""),
            send_at=each.send_at,
            local=plans[each.id].when is When.LOCAL,
            first_percent=plans[each.id].first_percent,
            held_until=each.held_until,
            released_at=each.released_at,
            subject_b=each.subject_b,
            winner=each.winner,
            ended_because=each.ended_because,
            archived_at=each.archived_at,
            started_at=each.started_at,
            finished_at=each.finished_at,
            confirmed_count=each.confirmed_count,
            fanning_out=each.fan_out_after is not None,
            line=lines.get(each.mailing_id) if each.mailing_id is not None else None,
        )
        for each in blasts
    ]


def _state(blast: Blast, line: Line | None) -> BlastState:
    """A breaker pauses the mailing; the blast follows with the next sweep, and is shown so at once."""
    paused = line is not None and line.state is MailingState.PAUSED
    return BlastState.PAUSED if paused and blast.state is BlastState.SENDING else blast.state


def _names(session: Session, topic_ids: set[int]) -> dict[int, str]:
    return dict(session.execute(select(Topic.id, Topic.name).where(Topic.id.in_(topic_ids))).all())


def _authors(session: Session, operator_ids: set[int]) -> dict[int, str]:
    rows = session.execute(
        select(Operator.id, Operator.name, Operator.email).where(Operator.id.in_(operator_ids))
    )
    return {key: name or email for key, name, email in rows}
