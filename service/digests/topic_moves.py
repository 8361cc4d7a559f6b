"""Giving the curations of one topic to another."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.digests.models import Curation


def count_in_force(session: Session, topic_id: int, *, now: datetime) -> int:
    """Count the wishes that hold for readers of this topic only."""
    query = select(func.count()).select_from(Curation).where(*_in_force(topic_id, now))
    return session.scalar(query) or 0


def move(session: Session, gone: int, kept: int, *, actor: str, now: datetime) -> None:
    """Let what is wanted for readers of one topic hold for the other; its own wish for a story wins."""
    there = {(each.article_id, each.kind) for each in _rows(session, kept, now)}
    for row in _rows(session, gone, now):
        if (row.article_id, row.kind) in there:
            row.ended_at, row.ended_by = now, actor
        else:
            row.topic_id = kept
    session.flush()


def _rows(session: Session, topic_id: int, now: datetime) -> Sequence[Curation]:
    query = select(Curation).where(*_in_force(topic_id, now)).order_by(Curation.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _in_force(topic_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Curation.topic_id == topic_id, Curation.ended_at.is_(None), Curation.expires_at > now)
