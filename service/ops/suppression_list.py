"""The suppression list as operators see it: newest first, by reason, or the entries of one address."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery.models import Suppression
from service.subscribers.models import Subscriber
from service.tokens import AddressHasher

#: In the order in which they are offered.
REASONS = ("complaint", "hard_bounce", "never_again", "operator", "erased")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. The list knows hashes; the address only where the reader is still known by it."""

    id: int
    reason: str
    list_id: int
    since: datetime
    subscriber_id: int | None
    email: str | None


def list_page(
    session: Session,
    *,
    hash_address: AddressHasher,
    reason: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[Line]:
    """Return the newest entries older than the one of id `before`."""
    query = select(Suppression)
    if reason:
        query = query.where(Suppression.reason == reason)
    if before is not None:
        query = query.where(Suppression.id < before)
    rows = session.scalars(query.order_by(Suppression.id.desc()).limit(limit)).all()
    return _lines(session, rows, hash_address=hash_address)


def of_address(session: Session, typed: str, *, hash_address: AddressHasher) -> list[Line]:
    """Return the entries of an address, also of one that nobody here has any more."""
    wanted = hash_address(typed.strip().casefold())
    rows = session.scalars(
        select(Suppression).where(Suppression.address_hash == wanted).order_by(Suppression.list_id)
    ).all()
    return _lines(session, rows, hash_address=hash_address)


def get(session: Session, suppression_id: int, *, hash_address: AddressHasher) -> Line | None:
    row = session.get(Suppression, suppression_id)
    return None if row is None else _lines(session, [row], hash_address=hash_address)[0]


def every(session: Session, *, hash_address: AddressHasher, reason: str = "") -> Iterator[Line]:
    """Yield all of them in portions: for downloads."""
    before: int | None = None
    while lines := list_page(session, hash_address=hash_address, reason=reason, before=before, limit=1000):
        yield from lines
        before = lines[-1].id
        session.expunge_all()


def _lines(session: Session, rows: Sequence[Suppression], *, hash_address: AddressHasher) -> list[Line]:
    ids = {row.subscriber_id for row in rows if row.subscriber_id is not None}
    people = {each.id: each for each in session.scalars(select(Subscriber).where(Subscriber.id.in_(ids)))}
    found = []
    for row in rows:
        person = people.get(row.subscriber_id or 0)
        # Somebody may have moved to another address since; the entry is about the old one.
        is_theirs = person is not None and hash_address(person.email_key) == row.address_hash
        found.append(
            Line(
                row.id,
                row.reason,
                row.list_id,
                row.created_at,
                person.id if person is not None and is_theirs else None,
                person.email if person is not None and is_theirs else None,
            )
        )
    return found
