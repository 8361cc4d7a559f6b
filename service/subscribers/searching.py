"""Finds readers by what somebody types of an address: all of it, how it begins, or its domain.

Pages go on after a key, in the order of an index; nothing is counted, and nothing is read to be thrown away.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnClause, Select, literal_column, select
from sqlalchemy.orm import Session

from service.errors import InvalidInput
from service.subscribers.models import Subscriber

#: Fewer letters than these are the beginning of too many addresses to be an answer.
LEAST = 2
MOST = 254
_DOMAIN: ColumnClause[str] = literal_column("split_part(email_key, '@', -1)")
#: Above every letter that an address can hold.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Found:
    """One page, and the key after which the next one begins."""

    subscriber_ids: tuple[int, ...]
    next: str | None


def search(session: Session, typed: str, *, after: str = "", limit: int = 50) -> Found:
    """Return readers whose address is this, or begins so; "@example.org" are all of that domain.

    :raises InvalidInput: too little was typed.
    """
    wanted = typed.replace("\0", "").strip().casefold()[:MOST]
    if wanted.startswith("@"):
        return _of_domain(session, wanted[1:], after=after, limit=limit)
    if len(wanted) < LEAST:
        raise InvalidInput("Type at least two letters: the beginning of an address, or @ and a domain.")
    rows = session.execute(
        select(Subscriber.id, Subscriber.email_key)
        .where(
            wanted <= Subscriber.email_key,
            wanted + _LAST > Subscriber.email_key,
            *([after < Subscriber.email_key] if after else []),
        )
        .order_by(Subscriber.email_key)
        .limit(limit + 1)
    ).all()
    more = rows[limit - 1].email_key if len(rows) > limit else None
    return Found(tuple(row.id for row in rows[:limit]), more)


def find_exactly(session: Session, typed: str) -> int | None:
    """Return the reader whose whole address this is."""
    return session.scalar(_exactly(typed))


def _exactly(typed: str) -> Select[int]:
    return select(Subscriber.id).where(Subscriber.email_key == typed.replace("\0", "").strip().casefold())


def _of_domain(session: Session, domain: str, *, after: str, limit: int) -> Found:
    if "." not in domain:
        raise InvalidInput("Type the whole domain after the @, like @example.org.")
    last = int(after) if after.isdecimal() and len(after) < 19 else 0
    ids = session.scalars(
        select(Subscriber.id)
        .where(_DOMAIN.in_([domain]), Subscriber.id > last)
        .order_by(Subscriber.id)
        .limit(limit + 1)
    ).all()
    return Found(tuple(ids[:limit]), str(ids[limit - 1]) if len(ids) > limit else None)
