"""Keeps rendered parts under their own hash: no later edit or deploy can change what is planned."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.recipes.models import Fragment, KeptPiece
from service.recipes.pieces import Written

_KEEP = text(
    """
    INSERT INTO fragments (hash, content, created_at)
    SELECT hash, content, :now
    FROM unnest(CAST(:hashes AS bytea[]), CAST(:contents AS text[])) AS fresh (hash, content)
    ON CONFLICT DO NOTHING
    """
)

_KEEP_PIECES = text(
    """
    INSERT INTO pieces (id, written, details, created_at)
    SELECT id, written, CAST(details AS jsonb), :now
    FROM unnest(CAST(:ids AS bigint[]), CAST(:texts AS text[]), CAST(:details AS text[]))
        AS fresh (id, written, details)
    ON CONFLICT DO NOTHING
    """
)

# Senders ask for this once a window: writing an IN with hundreds of values out took longer than the answer.
_WRITTEN = text("SELECT id, written FROM pieces WHERE id = ANY(:ids)")


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


def keep_pieces(session: Session, written: Iterable[Written], *, now: datetime) -> None:
    """Keep what is not kept yet, in the order of the ids.

    :raises ValueError: another piece has the same id (once in a thousand million million).
    """
    by_id = {each.id: each for each in written}
    kept = dict(session.execute(select(KeptPiece.id, KeptPiece.written).where(KeptPiece.id.in_(by_id))).all())
    if any(by_id[piece_id].text != text for piece_id, text in kept.items()):
        raise ValueError("Two pieces of digests have the same id; change the wording of one section.")
    missing = [by_id[piece_id] for piece_id in sorted(by_id.keys() - kept.keys())]
    if missing:
        session.execute(
            _KEEP_PIECES,
            {
                "ids": [each.id for each in missing],
                "texts": [each.text for each in missing],
                "details": [each.details for each in missing],
                "now": now,
            },
        )


def pieces(session: Session, piece_ids: Collection[int]) -> dict[int, KeptPiece]:
    """Return the pieces that are kept under these ids."""
    rows = session.scalars(select(KeptPiece).where(KeptPiece.id.in_(piece_ids)))
    return {row.id: row for row in rows}


def written(session: Session, piece_ids: Collection[int]) -> dict[int, str]:
    """Return only what they are printed from."""
    rows = session.execute(_WRITTEN, {"ids": list(piece_ids)})
    return dict(rows.all())
