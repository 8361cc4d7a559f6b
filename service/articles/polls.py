"""The latest looks at each feed: written by the poller, read by people who wonder what is wrong."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from service.articles.models import Source, SourcePoll

KEPT = timedelta(days=14)


def note(
    session: Session,
    source: Source,
    *,
    new: int = 0,
    changed: int = 0,
    error: str | None = None,
    now: datetime,
) -> None:
    """Write down a look in the transaction that records what came of it."""
    session.add(SourcePoll(source_id=source.id, at=now, new=new, changed=changed, error=error))


def latest(session: Session, source_ids: Collection[int], *, limit: int) -> dict[int, list[SourcePoll]]:
    """Return the last looks at each of these sources, the newest first."""
    own = aliased(SourcePoll)
    newest = (
        select(own.id)
        .where(own.source_id == Source.id)
        .order_by(own.id.desc())
        .limit(limit)
        .correlate(Source)
        .lateral()
    )
    rows = session.scalars(
        select(SourcePoll)
        .select_from(Source)
        .join(newest, onclause=newest.c.id.is_not(None))
        .join(SourcePoll, SourcePoll.id == newest.c.id)
        .where(Source.id.in_(source_ids))
        .order_by(SourcePoll.id.desc())
    )
    found: dict[int, list[SourcePoll]] = {source_id: [] for source_id in source_ids}
    for row in rows:
        found[row.source_id].append(row)
    return found


def failed_since(session: Session, source_id: int) -> datetime | None:
    """Return when the failures began that last until now; None while the latest look went well."""
    well = select(func.max(SourcePoll.id)).where(
        SourcePoll.source_id == source_id, SourcePoll.error.is_(None)
    )
    return session.scalar(
        select(func.min(SourcePoll.at)).where(
            SourcePoll.source_id == source_id,
            SourcePoll.error.is_not(None),
            SourcePoll.id > func.coalesce(well.scalar_subquery(), 0),
        )
    )


def forget(session: Session, *, now: datetime) -> int:
    """Delete looks of more than two weeks ago; return how many."""
    gone = session.scalars(
        delete(SourcePoll)
        .where(SourcePoll.at < now - KEPT)
        .returning(SourcePoll.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
