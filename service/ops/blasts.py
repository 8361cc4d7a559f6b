"""Blasts with their accounts, as operators see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session, joinedload

from service.blasts.models import Blast, BlastState
from service.delivery.models import MailingState
from service.errors import NotFound
from service.newsletters.models import Topic
from service.operators.models import Operator
from service.ops import queue
from service.ops.queue import Line

#: What an operator works on stands before what is over.
_ORDER = case(
    (Blast.state.in_([BlastState.SENDING, BlastState.PAUSED]), 0),
    (Blast.state == BlastState.DRAFT, 1),
    else_=2,
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
    author: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    confirmed_count: int | None
    #: True while ledger rows are still being written.
    fanning_out: bool
    line: Line | None


def list_all(session: Session, *, limit: int = 100) -> list[BlastLine]:
    """Return the latest blasts: those being sent, then drafts, then what is over."""
    query = _blasts().order_by(_ORDER, Blast.id.desc()).limit(limit)
    return _lines(session, session.scalars(query).all())


def get(session: Session, blast_id: int) -> BlastLine:
    """Return one blast.

    :raises NotFound: there is none with this id.
    """
    found = session.scalars(_blasts().where(Blast.id == blast_id)).all()
    if not found:
        raise NotFound("There is no such blast; a draft may have been deleted.")
    return _lines(session, found)[0]


def _blasts() -> Select[Blast]:
    return select(Blast).options(joinedload(Blast.newsletter)).execution_options(populate_existing=True)


def _lines(session: Session, blasts: Sequence[Blast]) -> list[BlastLine]:
    lines = queue.get_many(session, [each.mailing_id for each in blasts if each.mailing_id is not None])
    topics = _names(session, {key for each in blasts for key in each.topic_ids})
    authors = _authors(session, {each.created_by for each in blasts})
    return [
        BlastLine(
            blast_id=each.id,
            newsletter_id=each.newsletter_id,
            newsletter=each.newsletter.name,
            subject=each.subject,
            state=_state(each, lines.get(each.mailing_id) if each.mailing_id is not None else None),
            topics=tuple(topics[key] for key in each.topic_ids if key in topics),
            author=authors.get(each.created_by, "somebody"),
            created_at=each.created_at,
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
