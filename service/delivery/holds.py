"""The red button: one row that holds all digests and blasts, also those opened later, until it is lifted."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery import brake
from service.delivery.models import Hold, Mailing, Stream

BULK = "bulk"

#: For statements that claim or mark messages, where `mailings` goes by the name g. Confirmations go on.
NOT_HELD = "(g.stream = 'transactional' OR NOT EXISTS (SELECT 1 FROM holds WHERE name = 'bulk'))"


def not_held() -> ColumnElement[bool]:
    """The same for a query over Mailing."""
    return or_(Mailing.stream == Stream.TRANSACTIONAL, ~exists().where(Hold.name == BULK))


def hold(session: Session, *, by: str, now: datetime) -> bool:
    """Hold all bulk mail but what a relay has been handed, from the commit on; say whether that is new."""
    held = session.execute(
        insert(Hold)
        .values(name=BULK, held_at=now, held_by=by)
        .on_conflict_do_nothing(index_elements=[Hold.name])
        .returning(Hold.name)
    )
    brake.pull(session)
    return held.first() is not None


def lift(session: Session) -> bool:
    """Let bulk mail go on; say whether it was held. Mailings that are paused stay paused."""
    lifted = session.execute(delete(Hold).where(Hold.name == BULK).returning(Hold.name))
    return lifted.first() is not None


def find(session: Session) -> Hold | None:
    """Return who holds all bulk mail since when, or None."""
    return session.get(Hold, BULK, populate_existing=True)
