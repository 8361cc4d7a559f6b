"""The suppression list: keyed hashes of addresses that must not be mailed, for one list or for all."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery.models import Suppression

#: The list id that means "every list".
EVERYWHERE = 0


def suppress(
    session: Session,
    address_hash: bytes,
    *,
    list_id: int = EVERYWHERE,
    reason: str,
    now: datetime,
    subscriber_id: int | None = None,
) -> bool:
    """Never mail this address again on that list; the first reason stays. Say whether it is new there."""
    added = session.execute(
        insert(Suppression)
        .values(
            address_hash=address_hash,
            list_id=list_id,
            reason=reason,
            subscriber_id=subscriber_id,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Suppression.address_hash, Suppression.list_id])
        .returning(Suppression.id)
    )
    return added.first() is not None


def forget_whose(session: Session, subscriber_id: int) -> None:
    """Leave the hashes of an erased person, and nothing that leads from them to anybody."""
    session.execute(
        update(Suppression).where(Suppression.subscriber_id == subscriber_id).values(subscriber_id=None)
    )


def lift(session: Session, address_hash: bytes, *, list_id: int, reasons: Collection[str]) -> bool:
    """Allow mail again if it was refused for one of these reasons; say whether it was."""
    gone = session.execute(
        delete(Suppression)
        .where(
            Suppression.address_hash == address_hash,
            Suppression.list_id == list_id,
            Suppression.reason.in_(reasons),
        )
        .returning(Suppression.id)
    )
    return gone.first() is not None


def find(session: Session, hashes: Collection[bytes], *, list_id: int | None) -> dict[bytes, str]:
    """Return the suppressed ones among these and why; with `list_id` None only the global list counts."""
    if not hashes:
        return {}
    lists = {EVERYWHERE, list_id if list_id is not None else EVERYWHERE}
    rows = session.execute(
        select(Suppression.address_hash, Suppression.reason)
        .where(Suppression.address_hash.in_(hashes), Suppression.list_id.in_(lists))
        # The global reason wins: it comes last into the dictionary.
        .order_by(Suppression.list_id.desc())
    )
    return {row.address_hash: row.reason for row in rows}
