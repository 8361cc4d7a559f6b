"""The suppression list: keyed hashes of addresses that must not be mailed, for one list or for all."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery.models import Suppression

#: The list id that means "every list".
EVERYWHERE = 0

# Asked with every sign-up and every window of mails. The global reason wins: it comes last.
_FIND = text(
    """
    SELECT address_hash, reason FROM suppressions
    WHERE address_hash = ANY(:hashes) AND list_id = ANY(:lists) ORDER BY list_id DESC
    """
)


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
    rows = session.execute(_FIND, {"hashes": list(hashes), "lists": list(lists)})
    return {row.address_hash: row.reason for row in rows}
