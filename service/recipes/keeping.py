"""Keeps rendered parts under their own hash: no later edit or deploy can change what is planned."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.recipes.models import Fragment

_KEEP = text(
    """
    INSERT INTO fragments (hash, content, created_at)
    SELECT hash, content, :now
    FROM unnest(CAST(:hashes AS bytea[]), CAST(:contents AS text[])) AS fresh (hash, content)
    ON CONFLICT DO NOTHING
    """
)


def hash_of(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()


def keep(session: Session, contents: Iterable[str], *, now: datetime) -> None:
    """Keep what is not kept yet, in the order of the hashes: two workers wait for each other one way only."""
    by_hash = {hash_of(content): content for content in contents}
    kept = session.scalars(select(Fragment.hash).where(Fragment.hash.in_(by_hash)))
    missing = sorted(by_hash.keys() - set(kept))
    if missing:
        values = {"hashes": missing, "contents": [by_hash[each] for each in missing], "now": now}
        session.execute(_KEEP, values)


def contents(session: Session, hashes: Collection[bytes]) -> dict[bytes, str]:
    """Return what is kept under these hashes."""
    rows = session.execute(select(Fragment.hash, Fragment.content).where(Fragment.hash.in_(hashes)))
    return dict(rows.all())
