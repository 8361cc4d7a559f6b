"""The suppression list: keyed hashes of addresses that must not be mailed, for one list or for all."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.delivery.models import Mailing, Message, Suppression

#: The list id that means "every list".
EVERYWHERE = 0
#: Of a person whose data were deleted. It holds against everybody but the person (docs/adr/0035): the mails
#: that ask an inbox whether it signed up may reach it, and its yes takes it off the list.
ERASED = "erased"
ASKING = ("confirm", "reminder")

#: (mailing id, message id)
_Key = tuple[int, int]

# Asked with every sign-up and every window of mails. The global reason wins: it comes last.
_FIND = text(
    """
    SELECT address_hash, reason FROM suppressions
    WHERE address_hash = ANY(:hashes) AND list_id = ANY(:lists) AND reason <> ALL(CAST(:besides AS text[]))
    ORDER BY list_id DESC
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
    """Never mail this address again on that list. Say whether it is new there.

    The first reason stays, but for that of an erased person: who complains of a mail that asked them, or
    whose mailbox is gone, is not asked again.
    """
    values = {"reason": reason, "subscriber_id": subscriber_id, "created_at": now}
    added = session.execute(
        insert(Suppression)
        .values(address_hash=address_hash, list_id=list_id, **values)
        .on_conflict_do_update(
            index_elements=[Suppression.address_hash, Suppression.list_id],
            set_=values,
            where=(Suppression.reason == ERASED) & (reason != ERASED),
        )
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


def find(
    session: Session, hashes: Collection[bytes], *, list_id: int | None, besides: Collection[str] = ()
) -> dict[bytes, str]:
    """Return the suppressed ones among these and why; with `list_id` None only the global list counts.

    What is there for a reason in `besides` is overlooked.
    """
    if not hashes:
        return {}
    lists = {EVERYWHERE, list_id if list_id is not None else EVERYWHERE}
    values = {"hashes": list(hashes), "lists": list(lists), "besides": list(besides)}
    rows = session.execute(_FIND, values)
    return {row.address_hash: row.reason for row in rows}


def of_messages(session: Session, hashes: Mapping[_Key, bytes]) -> set[_Key]:
    """Return the messages whose address may not be mailed."""
    if not hashes:
        return set()
    lists = session.execute(
        select(Mailing.id, Mailing.list_id).where(Mailing.id.in_({key[0] for key in hashes}))
    )
    found: set[_Key] = set()
    for mailing_id, list_id in lists.all():
        own = {key: each for key, each in hashes.items() if key[0] == mailing_id}
        refused = find(session, set(own.values()), list_id=list_id)
        held = {key for key, each in own.items() if each in refused}
        found |= held - _asking(session, {key: own[key] for key in held}, list_id=list_id)
    return found


def _asking(session: Session, hashes: Mapping[_Key, bytes], *, list_id: int | None) -> set[_Key]:
    """Return those that ask an erased person whether they came back, where nothing else forbids it."""
    others = find(session, set(hashes.values()), list_id=list_id, besides=(ERASED,))
    erased = [key for key, each in hashes.items() if each not in others]
    if not erased:
        return set()
    rows = session.execute(
        select(Message.mailing_id, Message.id).where(
            tuple_(Message.mailing_id, Message.id).in_(erased), Message.kind.in_(ASKING)
        )
    )
    return {(mailing_id, message_id) for mailing_id, message_id in rows}
